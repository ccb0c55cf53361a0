import type { JournalRecord } from '../../store/store.ts';

/** What is committed from now on, kept for a while for those who come later. */
export interface Feed {
  /**
   * Lines from the one after `after` on: `{"n":7,"record":{…}}`, `{"dropped":3}` where some are
   * gone, and `{"n":8,"gap":true}` where nobody looked, and what was committed is in the journals
   * alone.
   *
   * @param after number of the last line that is known; 0 for none
   */
  lines(after: number, signal: AbortSignal): AsyncIterable<string>;
  /** Lines that were pushed out before anybody could still ask for them. */
  dropped(): number;
  /** Number of the newest line; 0 when there is none. */
  newest(): number;
  /** Actors that it has told of, also those that have ended since. */
  keys(): readonly string[];
}

export interface FeedBound {
  readonly maxRecords: number;
  readonly maxBytes: number;
}

export interface OpenFeed extends Feed {
  push(record: JournalRecord): void;
  /** What comes does not follow from what came. */
  gap(): void;
}

/** @param text what of a record may be told, as JSON */
export function feed(text: (record: JournalRecord) => string, bound: FeedBound): OpenFeed {
  const kept: { readonly n: number; readonly line: string }[] = [];
  const keys = new Set<string>();
  const waiting = new Set<() => void>();
  let [newest, first, bytes] = [0, 0, 0];

  return {
    push(record) {
      if (keys.size < KEYS_MAX) keys.add(record.key);
      keep(`"record":${text(record)}`);
    },
    gap() {
      keep('"gap":true');
    },
    lines,
    dropped: () => (kept[first]?.n ?? newest + 1) - 1,
    newest: () => newest,
    keys: () => [...keys]
  };

  function keep(content: string): void {
    newest += 1;
    const line = `{"n":${newest},${content}}`;
    kept.push({ n: newest, line });
    bytes += line.length;
    while (kept.length - first > bound.maxRecords || bytes > bound.maxBytes) {
      bytes -= kept[first]!.line.length;
      first += 1;
    }
    // What was pushed out is let go of now and then: to shift each would move all the others.
    if (first > COMPACT_AT) {
      kept.splice(0, first);
      first = 0;
    }
    for (const wake of waiting) wake();
  }

  async function* lines(after: number, signal: AbortSignal): AsyncGenerator<string> {
    // Numbers of another run of the inspector mean nothing here.
    let known = after > newest ? 0 : after;
    while (!signal.aborted) {
      const oldest = kept[first]?.n ?? newest + 1;
      if (known < oldest - 1) {
        yield JSON.stringify({ dropped: oldest - 1 - known });
        known = oldest - 1;
      }
      const next = kept[first + (known + 1 - oldest)];
      if (next === undefined) {
        await woken(signal);
        continue;
      }
      yield next.line;
      known = next.n;
    }
  }

  function woken(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        waiting.delete(wake);
        signal.removeEventListener('abort', wake);
        resolve();
      };
      waiting.add(wake);
      signal.addEventListener('abort', wake);
    });
  }
}

const COMPACT_AT = 4096;
const KEYS_MAX = 100_000;
