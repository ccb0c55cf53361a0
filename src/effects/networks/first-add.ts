import type { EffectRequest } from '../../bus/requests.ts';
import { carriesPorts } from '../../model/attachment.ts';
import type { Attachment } from '../../model/container.ts';
import type { Effect, EffectContext } from '../effects.ts';
import type { SharedLock } from './plugin-lock.ts';
import { patience } from './patience.ts';
import { noteSettled, unsettledPlugins, type UsageStore } from './usage.ts';

export interface FirstAddDeps {
  readonly store: UsageStore;
  /** Held, exclusively, by the first ADD. */
  readonly lock: SharedLock;
  /** How long to wait for a first ADD that may hang; 1 s unless given. */
  readonly patienceMs?: number;
}

const PATIENCE_MS = 1_000;

type AddRequest = Extract<EffectRequest, { readonly type: 'cni.add' }>;

/**
 * The same ADD, but a network's first one goes before the others, whatever process they are in.
 *
 * portmap and firewall look for the rules that their containers share, and add them when there are
 * none. Two of them at once both find none.
 */
export function firstAddAlone(
  { store, lock, patienceMs = PATIENCE_MS }: FirstAddDeps,
  add: Effect<'cni.add'>
): Effect<'cni.add'> {
  let leading: Promise<unknown> | undefined;

  return async (request, context) => {
    const isFirst = () => isUnsettled(store, request);
    if (!(await isFirst())) return add(request, context);
    const waiting = AbortSignal.any([patience(patienceMs), context.signal]);
    while (!waiting.aborted && (await isFirst())) {
      if (leading !== undefined) await untilDone(leading, waiting);
      else {
        const lead = addFirst(request, context, waiting);
        leading = lead.catch(() => undefined).finally(() => (leading = undefined));
        const fact = await lead;
        if (fact !== undefined) return fact;
      }
    }
    return add(request, context);
  };

  /** @returns `undefined` when it was not done: it was no longer the first, or others took too long */
  async function addFirst(request: AddRequest, context: EffectContext, waiting: AbortSignal) {
    let hasLock = false;
    const work = async () => {
      hasLock = true;
      if (!(await isUnsettled(store, request))) return undefined;
      const fact = await add(request, context);
      const { network } = request.attachment;
      const sharing = sharingPlugins(request.attachment);
      if (fact.type === 'attachment.added') await noteSettled(store, network, sharing);
      return fact;
    };
    try {
      return await lock.exclusive(work, waiting);
    } catch (error) {
      if (hasLock || !waiting.aborted) throw error;
      return undefined;
    }
  }
}

/** Plugins of the attachment that make rules which all containers share. */
function sharingPlugins(attachment: Attachment): readonly string[] {
  const types = new Set(attachment.conflist.plugins.map(({ type }) => type));
  return [
    ...(types.has('portmap') && carriesPorts(attachment) ? ['portmap'] : []),
    ...(types.has('firewall') ? ['firewall'] : [])
  ];
}

async function isUnsettled(store: UsageStore, { attachment }: AddRequest): Promise<boolean> {
  const sharing = sharingPlugins(attachment);
  return (await unsettledPlugins(store, attachment.network, sharing)).length > 0;
}

function untilDone(work: Promise<unknown>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    signal.addEventListener('abort', () => resolve(), { once: true });
    void work.then(() => resolve());
  });
}
