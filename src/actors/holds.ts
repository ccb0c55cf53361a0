import type { Effects } from '../effects/effects.ts';
import type { NamespaceContext } from '../machines/namespace.ts';
import type { NetworkContext } from '../machines/network.ts';
import type { Failure } from '../model/failure.ts';
import type { Cause, Registry } from './registry.ts';

type HoldEffects = Pick<
  Effects,
  'namespace.hold' | 'namespace.release' | 'networks.hold' | 'networks.release'
>;

interface EffectCause {
  readonly operation: string;
  readonly correlation: string;
}

/**
 * What one machine asks of another: a command to that actor, answered by where it rests.
 *
 * Leases are taken in the order container, namespace or network, and never the other way
 * round, so nobody waits in a circle.
 *
 * @param registry looked up late, because it is made from these effects
 */
export function holdEffects(registry: () => Registry): HoldEffects {
  return {
    async 'namespace.hold'({ container, namespace }, context) {
      const command = { type: 'namespace.hold', namespace, holder: container } as const;
      const key = { kind: 'namespace', id: namespace } as const;
      const rest = await registry().ask(key, command, { cause: causeOf(context) });
      const { holders, netns, failure } = rest.context as NamespaceContext;
      if (holders.includes(container) && netns !== null && rest.value === 'ready') {
        return { type: 'namespace.held', container, netns };
      }
      return {
        type: 'namespace.holdFailed',
        container,
        failure: failure ?? lost('netns.lost', `the netns of ${namespace} was taken away`)
      };
    },

    async 'namespace.release'({ container, namespace }, context) {
      const command = { type: 'namespace.release', namespace, holder: container } as const;
      const key = { kind: 'namespace', id: namespace } as const;
      const rest = await registry().ask(key, command, { cause: causeOf(context) });
      const { failure } = rest.context as NamespaceContext;
      if (rest.value === 'stuck' && failure !== null) {
        return { type: 'namespace.releaseFailed', container, failure };
      }
      return { type: 'namespace.released', container };
    },

    async 'networks.hold'({ container, networks }, context) {
      for (const { name, bridges } of networks) {
        const command = {
          type: 'network.hold',
          network: name,
          holder: container,
          bridges
        } as const;
        const key = { kind: 'network', id: name } as const;
        const rest = await registry().ask(key, command, { cause: causeOf(context) });
        const { holders, failure } = rest.context as NetworkContext;
        if (holders.includes(container)) continue;
        return {
          type: 'networks.holdFailed',
          container,
          failure: failure ?? lost('network.lost', `network ${name} was taken away`)
        };
      }
      return { type: 'networks.held', container };
    },

    async 'networks.release'({ container, networks }, context) {
      let failed: Failure | undefined;
      for (const network of networks.toReversed()) {
        const command = { type: 'network.release', network, holder: container } as const;
        const key = { kind: 'network', id: network } as const;
        const rest = await registry().ask(key, command, { cause: causeOf(context) });
        const { failure } = rest.context as NetworkContext;
        if (rest.value === 'untidy' && failure !== null) failed ??= failure;
      }
      return failed
        ? { type: 'networks.releaseFailed', container, failure: failed }
        : { type: 'networks.released', container };
    }
  };
}

function causeOf({ operation, correlation }: EffectCause): Cause {
  return { causation: operation, correlation };
}

function lost(code: string, message: string): Failure {
  return { code, message };
}
