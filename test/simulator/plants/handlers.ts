import { bridgeOf } from '../../../src/replay/simulator/networks.ts';
import { effects, leasesOf, type Plant } from './plant.ts';

/** What a handler does wrong. */
export const IN_HANDLERS: readonly Plant[] = [
  {
    issue: 'podman#19583',
    seed: 216,
    what: 'of the addresses that outlive a reboot only those of IPv4 are given back',
    plants: effects(({ host: { kernel } }) => ({
      'cni.del': (effect) => async (request, context) => {
        const isGone = !kernel.ofKind('netns').some(({ value }) => value === request.netns?.path);
        const kept = leasesOf(kernel, `${request.container}/${request.attachment.network}`);
        const fact = await effect(request, context);
        for (const lease of isGone ? kept.filter(({ name }) => name.includes(':')) : []) {
          if (!kernel.get('lease', lease.name)) kernel.add(lease, context.operation);
        }
        return fact;
      }
    }))
  },
  {
    issue: 'podman#8048',
    seed: 24,
    what: 'after the firewall was flushed nobody notices that published ports are dead',
    plants: effects(() => ({
      'attachments.examine':
        () =>
        ({ container }) =>
          Promise.resolve({ type: 'attachments.examined', container, drifts: [], complete: true })
    }))
  },
  {
    issue: 'moby CVE-2025-54388',
    seed: 53,
    what: 'after a firewall reload rules are said to be back that are not',
    plants: effects(() => ({
      'attachments.repair':
        () =>
        ({ container }) =>
          Promise.resolve({ type: 'attachments.repaired', container })
    }))
  },
  {
    issue: 'podman#5097',
    seed: 22,
    what: 'rules of an interrupted teardown stay, and take the traffic of the next container',
    plants: effects(() => ({
      'firewall.sweep':
        () =>
        ({ container }) =>
          Promise.resolve({ type: 'firewall.swept', container })
    }))
  },
  {
    issue: 'podman#23685',
    seed: 1,
    what: 'a netns is mounted twice, and unmounted once',
    plants: effects(({ host: { kernel } }) => ({
      'netns.create': (effect) => async (request, context) => {
        const fact = await effect(request, context);
        const { namespace } = request;
        const twice = { kind: 'mount', name: `${namespace} again`, of: namespace } as const;
        kernel.add({ ...twice, netns: 0, value: '' }, context.operation);
        return fact;
      }
    }))
  },
  {
    issue: 'netavark#491',
    seed: 2,
    what: 'the first container that leaves a network takes down what its neighbours need',
    plants: effects(({ host: { kernel } }) => ({
      'cni.del': (effect) => async (request, context) => {
        const fact = await effect(request, context);
        kernel.remove('bridge', bridgeOf(request.attachment.network), context.operation);
        return fact;
      }
    }))
  },
  {
    issue: 'cilium#6499',
    seed: 17,
    what: 'a cleanup by the beginning of a name takes away what is another’s',
    plants: effects(({ host: { kernel } }) => ({
      'firewall.sweep': (effect) => (request, context) => {
        for (const { name, of } of kernel.ofKind('rule')) {
          if (of.startsWith(request.container)) kernel.remove('rule', name, context.operation);
        }
        return effect(request, context);
      }
    }))
  },
  {
    issue: 'podman#11324',
    seed: 2,
    what: 'an address that is in use is given to another container',
    plants: effects(({ host: { kernel } }) => ({
      'cni.add': (effect) => async (request, context) => {
        const { network } = request.attachment;
        const unseen = kernel.ofKind('lease').find(({ name }) => name.startsWith(`${network} `));
        if (unseen) kernel.remove('lease', unseen.name, context.operation);
        const fact = await effect(request, context);
        if (unseen && !kernel.get('lease', unseen.name)) kernel.add(unseen, context.operation);
        return fact;
      }
    }))
  },
  {
    issue: 'moby#17217',
    seed: 25,
    what: 'a network is in use by containers that are gone',
    plants: effects(() => ({
      'resources.release': (effect) => (request, context) =>
        effect(context.repeated ? { ...request, networks: [] } : request, context)
    }))
  },
  {
    issue: 'xstate#1515',
    seed: 2164,
    what: 'a deadline is lost when the process that set it dies',
    plants: effects(() => ({
      'timer.set': (effect) => (request, context) =>
        context.repeated ? new Promise(() => undefined) : effect(request, context)
    }))
  }
];
