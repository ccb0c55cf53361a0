import type { JournalRecord } from '../../store/store.ts';
import type { OpenFeed } from './feed.ts';
import type { InspectedHost } from './host.ts';

/** The journals are followed while somebody looks: whoever works on containers pays for it. */
export interface Following {
  /** Follows from now on, unless it does; @returns how to say that one looks no more */
  look(): () => void;
  close(): Promise<void>;
}

export interface FollowingOptions {
  readonly store: Pick<InspectedHost['store'], 'follow'>;
  readonly records: Pick<OpenFeed, 'push' | 'gap'>;
  /** Told when the journals can't be followed any more. */
  readonly onError: (error: unknown) => void;
  /** A page that is loaded again, or was cut off, is back by then. */
  readonly lingerMs?: number;
}

const LINGER_MS = 10_000;

export function following(options: FollowingOptions): Following {
  const { store, records, onError, lingerMs = LINGER_MS } = options;
  let looking = 0;
  let hasEnded = false;
  let current: { readonly abort: AbortController; readonly done: Promise<void> } | undefined;
  let leaving: NodeJS.Timeout | undefined;

  return {
    look() {
      looking += 1;
      clearTimeout(leaving);
      current ??= begin();
      let isOver = false;
      return () => {
        if (isOver) return;
        isOver = true;
        looking -= 1;
        if (looking === 0) leaving = setTimeout(() => void end(), lingerMs).unref();
      };
    },
    async close() {
      clearTimeout(leaving);
      await end();
    }
  };

  function begin(): NonNullable<typeof current> {
    const abort = new AbortController();
    // Before anything else, so that what is read afterwards is behind it.
    const source = store.follow(abort.signal);
    if (hasEnded) records.gap();
    const done = pushAll(source, abort.signal).catch(onError);
    return { abort, done };
  }

  async function end(): Promise<void> {
    const ended = current;
    current = undefined;
    hasEnded = true;
    ended?.abort.abort();
    await ended?.done;
  }

  async function pushAll(source: AsyncIterable<JournalRecord>, signal: AbortSignal): Promise<void> {
    for await (const record of source) {
      if (signal.aborted) return;
      records.push(record);
    }
  }
}
