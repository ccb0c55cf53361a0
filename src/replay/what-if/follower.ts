import { keyText, type StoredRecord } from '../../store/store.ts';
import { eventText, stateText } from '../report.ts';
import type { Kept } from '../simulator/store-state.ts';
import type { Recorded, RecordedCommand } from './recorded.ts';

/** Compares what is simulated with what was recorded, up to one record. */
export interface Follower {
  /** @returns whether this is the record that is looked for */
  take(kept: Kept): boolean;
  /** The record that answers a request of the simulator's; `undefined` where there is none. */
  answerTo(request: string): StoredRecord | undefined;
  /** Whether all that came before a command has come. */
  isDue(command: RecordedCommand): boolean;
  /** Records that came as they were recorded. */
  readonly followed: number;
  /** Where the actor that is looked at has first done otherwise. */
  readonly astray: string | undefined;
}

export function follower({ byKey }: Recorded, wanted: StoredRecord): Follower {
  const counts = new Map<string, number>();
  const answers = new Map<string, StoredRecord>();
  const lost = new Set<string>();
  let followed = 0;
  let astray: string | undefined;

  return {
    take,
    answerTo: (request) => answers.get(request),
    isDue: ({ behind }) =>
      [...behind].every(([key, count]) => (counts.get(key) ?? 0) >= count || lost.has(key)),
    get followed() {
      return followed;
    },
    get astray() {
      return astray;
    }
  };

  function take(kept: Kept): boolean {
    const key = keyText(kept.key);
    const at = counts.get(key) ?? 0;
    counts.set(key, at + 1);
    const records = byKey.get(key) ?? [];
    const record = records[at];
    if (record === undefined || lost.has(key)) return false;
    if (record === wanted) return true;
    if (!isAs(record, kept)) {
      lost.add(key);
      if (key === wanted.key) astray = `${takenText(kept)}, where it was ${recordText(record)}`;
      return false;
    }
    followed += 1;
    for (const [index, { id }] of kept.commit.requests.entries()) {
      const asked = record.requests[index]?.id;
      const answer = records.slice(at + 1).find(({ causation }) => causation === asked);
      if (answer !== undefined) answers.set(id, answer);
    }
    return false;
  }
}

/** `container/web 5 attachment.added front -> configuring.writing` */
export function takenText({ key, seq, commit: { event, value } }: Kept): string {
  return `${keyText(key)} ${seq} ${eventText(event)} -> ${stateText(value)}`;
}

function isAs({ event, value }: StoredRecord, { commit }: Kept): boolean {
  return event.type === commit.event.type && stateText(value) === stateText(commit.value);
}

function recordText({ event, value }: StoredRecord): string {
  return `${eventText(event)} -> ${stateText(value)}`;
}
