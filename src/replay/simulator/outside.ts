import type { Effects } from '../../effects/effects.ts';
import { does } from './does.ts';
import type { Site } from './world.ts';

/**
 * What of a container stands in the host's own network, as one process that a hold starts and a
 * release ends. The charts of uplinks and forwarders run in a supervisor, which is not modelled.
 */
export function outsideEffects(site: Site): Pick<Effects, 'outside.hold' | 'outside.release'> {
  const { kernel } = site.host;
  return {
    async 'outside.hold'({ container }, { operation }) {
      const name = outsideOf(container);
      await does(site, 'outside.hold', `container/${container}`, [
        () => {
          if (kernel.get('process', name)) return;
          const process = { kind: 'process', name, of: container, netns: 0, value: '' } as const;
          kernel.add(process, operation);
        }
      ]);
      return { type: 'outside.held', container, uplink: null, hostAddress: '10.0.2.2' };
    },

    async 'outside.release'({ container }, { operation }) {
      await does(site, 'outside.release', `container/${container}`, [
        () => void kernel.remove('process', outsideOf(container), operation)
      ]);
      return { type: 'outside.released', container };
    }
  };
}

/** Name of the process. */
export function outsideOf(container: string): string {
  return `outside ${container}`;
}
