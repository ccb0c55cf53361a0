import { failureOf } from '../../model/failure.ts';
import { loadConflists, networkIn } from '../cni/conflists.ts';
import type { Effects } from '../effects.ts';

type Hold = Pick<Effects, 'networks.hold'>;

/**
 * Refuses networks that were removed since they were resolved.
 *
 * Only what is held is safe from removal, so this is asked once they are. The refusal
 * leaves them held: unwinding gives them back.
 *
 * @param confDir directory of the conflists
 */
export function holdStanding(confDir: string, effects: Hold): Hold {
  return {
    async 'networks.hold'(request, context) {
      const fact = await effects['networks.hold'](request, context);
      if (fact.type !== 'networks.held') return fact;
      const { container, networks } = request;
      try {
        const loaded = await loadConflists(confDir);
        networks.forEach(({ name }) => networkIn(loaded, confDir, name));
        return fact;
      } catch (error) {
        return { type: 'networks.holdFailed', container, failure: failureOf(error, 'network') };
      }
    }
  };
}
