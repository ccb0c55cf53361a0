import type { EffectContext, Effects } from '../effects.ts';
import type { SharedLock } from '../networks/plugin-lock.ts';

type CniEffects = Pick<Effects, 'cni.add' | 'cni.del'>;

/**
 * Chains that plugins share are taken away only while none of them runs.
 *
 * @param waiting called before the lock is asked for, with the request's id; what it gives, when it is had
 */
export function underPluginLock(
  lock: SharedLock,
  effects: CniEffects,
  waiting: (operation: string) => () => void
): CniEffects {
  return {
    'cni.add': (request, context) => locked(context, () => effects['cni.add'](request, context)),
    'cni.del': (request, context) => locked(context, () => effects['cni.del'](request, context))
  };

  function locked<Fact>(
    { operation, signal }: EffectContext,
    work: () => Promise<Fact>
  ): Promise<Fact> {
    const waited = waiting(operation);
    return lock.shared(() => {
      waited();
      return work();
    }, signal);
  }
}
