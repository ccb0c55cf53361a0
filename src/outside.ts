import { outsideEffects } from './actors/outside.ts';
import { causeOf, type Registry } from './actors/registry.ts';
import type { EffectContext, Effects } from './effects/effects.ts';
import type { FilesOptions } from './effects/files/files.ts';
import { HOST_PATHS } from './effects/files/host-files.ts';
import { netnsAt } from './effects/netns.ts';
import { uplinkView } from './effects/outside/view.ts';
import type { OutsidePorts } from './effects/ports/ports.ts';
import type { ForwarderContext } from './machines/forwarder.ts';
import type { RootlessNetnsContext } from './machines/rootless-netns.ts';
import type { PortMapping } from './model/container.ts';
import { errorOf, failureOf, MooringError } from './model/failure.ts';
import type { Surroundings } from './model/port-handler.ts';
import { ROOTLESS_NETNS, type UplinkSpec } from './model/uplink.ts';
import { HOST_NETNS, RESOLV_CONF } from './private-host/mount-plan.ts';
import { outerPath } from './private-host/outer.ts';
import { supervisorDir, type Settings } from './settings.ts';
import type { FindOptions } from './supervisor/find.ts';
import type { Outside } from './supervisor/outside.ts';
import type { NetnsThread } from './syscalls/netns-thread.ts';

type ShareEffects = Pick<Effects, 'network.prepare' | 'network.tidy'>;

/** How the supervisor of these settings is found; for root it is started where there is none. */
export function supervisorOf(settings: Settings): FindOptions {
  const { place, root, store, hostName, allowVulnerableSlirp } = settings;
  const common = { root, store, hostName, allowVulnerableSlirp };
  if (place.kind === 'inside') {
    const { host } = place;
    return { config: { ...common, host, runDir: host.runDir } };
  }
  const runDir = supervisorDir(settings);
  return {
    config: { ...common, host: null, runDir },
    start: { within: [], doing: 'starting the supervisor' }
  };
}

export function isRootless({ place }: Settings): boolean {
  return place.kind === 'inside';
}

/** Where a container's ports are published from. */
export function surroundingsOf(settings: Settings, uplink: UplinkSpec | undefined): Surroundings {
  if (uplink !== undefined) return { kind: 'uplink', uplink };
  return { kind: isRootless(settings) ? 'rootless' : 'host' };
}

/** Where what containers' files are made from is read. */
export function filePaths({ place }: Settings): Pick<FilesOptions, 'paths' | 'outerPaths'> {
  if (place.kind !== 'inside') return { paths: HOST_PATHS };
  return {
    paths: { ...HOST_PATHS, resolvConf: RESOLV_CONF },
    outerPaths: {
      ...HOST_PATHS,
      get resolvConf() {
        return outerPath(HOST_PATHS.resolvConf);
      },
      get resolved() {
        return outerPath(HOST_PATHS.resolved);
      }
    }
  };
}

/** What of a container stands outside, as its chart asks for it. */
export function outsideOfContainers(
  registry: () => Registry,
  thread: NetnsThread,
  outside: Pick<Outside, 'hostAddress'>
) {
  return outsideEffects(registry, {
    hostAddress: () => outside.hostAddress(),
    hostNetns: () => netnsAt(HOST_NETNS),
    viewOf: (uplink, netns) => uplinkView(thread, uplink, netns)
  });
}

/** Ports that are opened by a forwarder, or by a program of the container's own. */
export function outsidePorts(
  registry: () => Registry,
  { choosePorts }: Pick<Outside, 'choosePorts'>
): OutsidePorts {
  return {
    async open(container, ports, taken, context) {
      const forwarded = ports.filter(isForwarded);
      const opened =
        forwarded.length === 0
          ? []
          : await openForwarder(registry(), container, { ports: forwarded, taken }, context);
      const others = ports.filter((mapping) => !isForwarded(mapping));
      const chosen = others.length === 0 ? [] : await choosePorts(others, [...taken, ...opened]);
      // In the order they were asked for.
      const [left, right] = [[...opened], [...chosen]];
      return ports.map((mapping) => (isForwarded(mapping) ? left : right).shift()!);
    },
    async close(container, context) {
      const command = { type: 'forwarder.close', forwarder: container } as const;
      const key = { kind: 'forwarder', id: container } as const;
      const rest = await registry().ask(key, command, { cause: causeOf(context) });
      const { failure } = rest.context as ForwarderContext;
      if (rest.value === 'stuck' && failure) throw errorOf(failure);
    }
  };
}

function isForwarded({ via }: PortMapping): boolean {
  return via === 'forward';
}

async function openForwarder(
  registry: Registry,
  container: string,
  asked: { readonly ports: readonly PortMapping[]; readonly taken: readonly PortMapping[] },
  context: Parameters<OutsidePorts['open']>[3]
): Promise<readonly PortMapping[]> {
  const key = { kind: 'forwarder', id: container } as const;
  const command = { type: 'forwarder.open', forwarder: container, ...asked } as const;
  const rest = await registry.ask(key, command, { cause: causeOf(context) });
  const { failure, ports } = rest.context as ForwarderContext;
  if (failure) throw errorOf(failure);
  if (rest.value === 'open') return ports;
  throw new MooringError('port.lost', `the ports of ${container} were withdrawn`);
}

/**
 * In a private host a network that comes into use has it connected, and the last one that goes has it
 * disconnected: so it is held exactly while a container is attached to anything.
 */
export function connectingNetworks(registry: () => Registry, own: ShareEffects): ShareEffects {
  return {
    async 'network.prepare'(request, context) {
      const { network } = request;
      try {
        const { failure } = (await ask('rootlessNetns.hold', network, context))
          .context as RootlessNetnsContext;
        if (failure) throw errorOf(failure);
      } catch (error) {
        const failure = failureOf(error, 'network', `preparing network ${network}`);
        return { type: 'network.prepareFailed', network, failure };
      }
      const fact = await own['network.prepare'](request, context);
      if (fact.type !== 'network.prepared') await ask('rootlessNetns.release', network, context);
      return fact;
    },
    async 'network.tidy'(request, context) {
      const { network } = request;
      const fact = await own['network.tidy'](request, context);
      if (fact.type !== 'network.tidied') return fact;
      try {
        const rest = await ask('rootlessNetns.release', network, context);
        const { failure } = rest.context as RootlessNetnsContext;
        if (rest.value === 'stuck' && failure) throw errorOf(failure);
        return fact;
      } catch (error) {
        const failure = failureOf(error, 'network', `tidying network ${network}`);
        return { type: 'network.tidyFailed', network, failure };
      }
    }
  };

  function ask(
    type: 'rootlessNetns.hold' | 'rootlessNetns.release',
    holder: string,
    context: EffectContext
  ) {
    const key = { kind: 'rootlessNetns', id: ROOTLESS_NETNS } as const;
    const command = { type, rootlessNetns: ROOTLESS_NETNS, holder };
    return registry().ask(key, command, { cause: causeOf(context) });
  }
}
