import { setImmediate } from 'node:timers/promises';
import type { EffectContext } from '../effects.ts';

export type Context = Pick<EffectContext, 'operation' | 'signal'>;

/**
 * Does for many what is asked by each: all that is asked while one piece of work is under way is
 * done together in the next, so that nobody is served by work that began before they asked.
 *
 * The work is stopped when nobody wants it any more; it bears the operation of the first.
 *
 * @param work answers in the order of the items
 */
export function gathered<Item, Answer>(
  work: (items: readonly Item[], context: Context) => Promise<readonly Answer[]>
): (item: Item, context: Context) => Promise<Answer> {
  let waiting: { readonly asked: Asked<Item>[]; readonly answers: Promise<readonly Answer[]> };
  let last: Promise<unknown> = Promise.resolve();
  let isOpen = false;

  return async (item, context) => {
    if (!isOpen) {
      const asked: Asked<Item>[] = [];
      const turn = last.then(async () => {
        // What is asked in this turn of the event loop comes along, and what others then hear that ask next.
        await setImmediate();
        isOpen = false;
        return together(asked, work);
      });
      last = turn.catch(() => undefined);
      waiting = { asked, answers: turn };
      isOpen = true;
    }
    const { asked, answers } = waiting;
    const place = asked.push({ item, context }) - 1;
    return (await answers)[place]!;
  };
}

interface Asked<Item> {
  readonly item: Item;
  readonly context: Context;
}

async function together<Item, Answer>(
  asked: readonly Asked<Item>[],
  work: (items: readonly Item[], context: Context) => Promise<readonly Answer[]>
): Promise<readonly Answer[]> {
  const signals = asked.map(({ context }) => context.signal);
  const unwanted = new AbortController();
  const look = () => {
    if (signals.every(({ aborted }) => aborted)) unwanted.abort(signals[0]?.reason);
  };
  for (const signal of signals) signal.addEventListener('abort', look);
  look();
  try {
    const { operation } = asked[0]!.context;
    const items = asked.map(({ item }) => item);
    return await work(items, { operation, signal: unwanted.signal });
  } finally {
    for (const signal of signals) signal.removeEventListener('abort', look);
  }
}
