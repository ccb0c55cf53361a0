import { MooringError } from '../../model/failure.ts';
import { journalRecordOf } from '../record.ts';
import type { JournalRecord } from '../store.ts';
import type { Connection } from './connection.ts';
import type { HostKeys } from './keys.ts';
import { newestOnly } from './newest.ts';
import {
  entriesAfter,
  FIRST_ID,
  isBefore,
  lastId,
  recordOf,
  type StreamEntries
} from './stream.ts';

const REMEMBERED_ACTORS = 100_000;
/** While Redis is away, for want of a notice that it is back. */
const LOOK_AGAIN_MS = 1_000;

/**
 * Records of a host as they are committed, by whatever process, from this call on, or from the
 * first that Redis still has.
 *
 * Notices say that there is something to read; what there is, the stream's ids say. So none is
 * missed over a disconnection, and none told twice when a host has put back what Redis had lost.
 */
export function follow(
  connection: Connection,
  keys: HostKeys,
  signal: AbortSignal,
  from: 'now' | 'begin' = 'now'
): AsyncIterable<JournalRecord> {
  const notices = noticesOf(signal);
  const isNew = newestOnly(Date.now(), REMEMBERED_ACTORS);
  const begun = signal.aborted ? undefined : begin();
  begun?.catch(() => undefined);
  return records();

  async function begin(): Promise<Beginning> {
    // Asked for at once, so that whatever this process commits from now on comes behind it.
    const last = from === 'now' ? await lastId(connection, keys) : FIRST_ID;
    const { note } = notices;
    const stopListening = await connection.listen(keys.news, { onMessage: note, onResumed: note });
    const stopWatching = connection.onReady(note);
    return {
      last,
      stop() {
        stopListening();
        stopWatching();
        notices.end();
      }
    };
  }

  async function* records(): AsyncGenerator<JournalRecord> {
    if (begun === undefined) return;
    const beginning = await begun;
    let { last } = beginning;
    try {
      while (!signal.aborted) {
        const entries = await readAfter(last);
        for (const entry of entries) {
          if (signal.aborted) return;
          const found = recordOf(entry, keys);
          last = found.id;
          if (isNew(found)) yield journalRecordOf(found.record);
        }
        if (entries.length > 0) continue;
        // Redis has lost what was read already: all that it has now comes after that.
        if (isBefore((await lastIdNow()) ?? last, last)) last = FIRST_ID;
        else await notices.next();
      }
    } finally {
      beginning.stop();
    }
  }

  function readAfter(last: string): Promise<StreamEntries> {
    return whileAway([], () => entriesAfter(connection, keys, last));
  }

  function lastIdNow(): Promise<string | undefined> {
    return whileAway(undefined, () => lastId(connection, keys));
  }

  /** Whoever follows waits until Redis is back, as long as that takes. */
  async function whileAway<T>(instead: T, read: () => Promise<T>): Promise<T> {
    try {
      return await read();
    } catch (error) {
      if (!(error instanceof MooringError) || !AWAY.has(error.code)) throw error;
      notices.noteIn(LOOK_AGAIN_MS);
      return instead;
    }
  }
}

interface Beginning {
  readonly last: string;
  stop(): void;
}

const AWAY = new Set(['store.unreachable', 'store.timedOut', 'store.loading', 'store.readonly']);

interface Notices {
  readonly note: () => void;
  noteIn(ms: number): void;
  /** Resolves when something was noted since the last one, or the signal has aborted. */
  next(): Promise<void>;
  end(): void;
}

function noticesOf(signal: AbortSignal): Notices {
  let isDue = false;
  let wake: (() => void) | undefined;
  let timer: NodeJS.Timeout | undefined;
  const note = () => {
    isDue = true;
    wake?.();
  };
  signal.addEventListener('abort', note);

  return {
    note,
    noteIn(ms) {
      clearTimeout(timer);
      timer = setTimeout(note, ms);
    },
    async next() {
      if (!isDue) await new Promise<void>((resolve) => (wake = resolve));
      isDue = false;
    },
    end() {
      clearTimeout(timer);
      signal.removeEventListener('abort', note);
    }
  };
}
