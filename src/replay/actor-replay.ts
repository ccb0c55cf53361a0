import type { AnyMachineSnapshot } from 'xstate';
import type { Chart } from '../actors/chart.ts';
import { machineId, type Machines } from '../actors/machines.ts';
import { restore } from '../actors/recall.ts';
import { parseMachineId } from '../actors/versions.ts';
import { isCommand, type MooringEvent } from '../bus/events.ts';
import type { EffectRequest } from '../bus/requests.ts';
import type { RecordLine } from '../journal/line.ts';
import { packedText } from '../journal/content.ts';
import { digests } from '../journal/memory.ts';
import type { Json } from '../model/json.ts';
import type { Key, StoredRecord } from '../store/store.ts';
import { isSame } from './compare.ts';
import type { Divergence } from './divergence.ts';
import { explain, type Seen } from './explain.ts';
import { renames, type Renames } from './renames.ts';
import { contextOf, isWritten, type Writers } from './written.ts';

/** One actor that takes the events of its journal again. */
export interface ActorReplay {
  readonly key: Key;
  /** @returns what is not as it was recorded; after that it takes no more */
  take(line: RecordLine): Divergence | undefined;
  /** What of its life so far it was told. */
  readonly progress: Progress;
  snapshot(): AnyMachineSnapshot;
}

export interface Progress {
  events: number;
  /** Machines that wrote the records, in the order they came. */
  readonly machines: string[];
  /** Found so far; most journals have none. */
  renames: Renames | undefined;
}

/**
 * An actor as the first record finds it: new, or as a record left it whose predecessors are lost.
 *
 * @throws MooringError `store.machineChanged` when the chart has no place for that
 */
export function actorReplay(key: Key, machines: Machines, writers: Writers): ActorReplay {
  const progress: Progress = { events: 0, machines: [], renames: undefined };
  const current = machineId(key.kind, machines);
  let { actor, asked } = restore(key, machines, undefined);
  let known: Readonly<Record<string, unknown>> | undefined;

  return { key, progress, snapshot: () => snapshotOf(actor), take };

  function take(line: RecordLine): Divergence | undefined {
    if (progress.events === 0 && line.seq > 1) {
      begin(line.record());
      return undefined;
    }
    const event = line.event();
    const before = snapshotOf(actor);
    actor.send(event);
    const after = snapshotOf(actor);
    const requests = asked.splice(0);
    count(line.pieces?.frame.machine ?? line.record().machine);
    if (!isIgnored(before, after, requests, event)) {
      const written = isWritten(writers, line, { known, after, requests });
      if (written === 'memory') known = contextOf(after);
      if (written !== false) return undefined;
    }
    return tell(line, { before, after, requests, known, machine: current });
  }

  /** Nothing is known of what led here: it stands as the record says. */
  function begin({ snapshot, machine, memory }: StoredRecord): void {
    ({ actor, asked } = restore(key, machines, snapshot));
    if (memory !== undefined) known = contextOf(snapshotOf(actor));
    count(machine);
  }

  function count(machine: string): void {
    progress.events += 1;
    if (!progress.machines.includes(machine)) progress.machines.push(machine);
  }

  function tell(line: RecordLine, seen: Seen): Divergence | undefined {
    const record = line.record();
    if (!isAsRecorded(record, seen)) {
      return explain(line.number, record, seen, machines[key.kind].machine);
    }
    if (record.memory !== undefined) known = contextOf(seen.after);
    return undefined;
  }

  function isAsRecorded(record: StoredRecord, { before, after, requests }: Seen): boolean {
    if (after.status === 'error' || isIgnored(before, after, requests, record.event)) return false;
    if (!isState(record, after.value as Json)) return false;
    const recorded = record.requests.map(({ request }) => request);
    if (!isSame(recorded as unknown as Json, requests as unknown as Json)) return false;
    if (record.memory === undefined) return true;
    return isSame(record.memory, digests(packedText).of(known, contextOf(after)));
  }

  // Names may differ only between charts that differ in nothing else.
  function isState(record: StoredRecord, value: Json): boolean {
    if (isSame(record.value, value)) return true;
    const [then, now] = [parseMachineId(record.machine), parseMachineId(current)];
    const isRenamed = then?.shape === now?.shape && then?.structure !== now?.structure;
    return isRenamed && (progress.renames ??= renames()).areSame(record.value, value);
  }
}

// Only what was taken was recorded: a command that means nothing any more is one change.
function isIgnored(
  before: AnyMachineSnapshot,
  after: AnyMachineSnapshot,
  requests: readonly EffectRequest[],
  event: MooringEvent
): boolean {
  if (requests.length > 0 || after.context !== before.context) return false;
  return (
    isCommand(event) && isSame(before.value as Json, after.value as Json) && !before.can(event)
  );
}

function snapshotOf(actor: Chart): AnyMachineSnapshot {
  return actor.getSnapshot();
}
