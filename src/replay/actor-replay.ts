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

/** What all actors of a replay have in common. */
export interface Stage {
  readonly machines: Machines;
  readonly writers: Writers;
}

/**
 * An actor as the first record finds it: new, or as a record left it whose predecessors are lost.
 *
 * @throws MooringError `store.machineChanged` when the chart has no place for that
 */
export function actorReplay(key: Key, stage: Stage): ActorReplay {
  return new Life(key, stage);
}

// There are hundreds of thousands in a long file: what they do is not to be made for each.
class Life implements ActorReplay {
  readonly key: Key;
  readonly progress: Progress = { events: 0, machines: [], renames: undefined };
  readonly #stage: Stage;
  #actor: Chart;
  #asked: EffectRequest[];
  #known: Readonly<Record<string, unknown>> | undefined;

  constructor(key: Key, stage: Stage) {
    this.key = key;
    this.#stage = stage;
    ({ actor: this.#actor, asked: this.#asked } = restore(key, stage.machines, undefined));
  }

  snapshot(): AnyMachineSnapshot {
    return this.#actor.getSnapshot();
  }

  take(line: RecordLine): Divergence | undefined {
    if (this.progress.events === 0 && line.seq > 1) {
      this.#begin(line.record());
      return undefined;
    }
    const event = line.event();
    const before = this.snapshot();
    this.#actor.send(event);
    const after = this.snapshot();
    const requests = this.#asked.splice(0);
    this.#count(line.pieces?.frame.machine ?? line.record().machine);
    if (!isIgnored(before, after, requests, event)) {
      const made = { known: this.#known, after, requests };
      const written = isWritten(this.#stage.writers, line, made);
      if (written === 'memory') this.#known = contextOf(after);
      if (written !== false) return undefined;
    }
    return this.#tell(line, {
      before,
      after,
      requests,
      known: this.#known,
      machine: this.#current
    });
  }

  get #current(): string {
    return machineId(this.key.kind, this.#stage.machines);
  }

  /** Nothing is known of what led here: it stands as the record says. */
  #begin({ snapshot, machine, memory }: StoredRecord): void {
    const { machines } = this.#stage;
    ({ actor: this.#actor, asked: this.#asked } = restore(this.key, machines, snapshot));
    if (memory !== undefined) this.#known = contextOf(this.snapshot());
    this.#count(machine);
  }

  #count(machine: string): void {
    const { progress } = this;
    progress.events += 1;
    if (!progress.machines.includes(machine)) progress.machines.push(machine);
  }

  #tell(line: RecordLine, seen: Seen): Divergence | undefined {
    const record = line.record();
    if (!this.#isAsRecorded(record, seen)) {
      const { machine } = this.#stage.machines[this.key.kind];
      return explain(line.number, record, seen, machine);
    }
    if (record.memory !== undefined) this.#known = contextOf(seen.after);
    return undefined;
  }

  #isAsRecorded(record: StoredRecord, { before, after, requests, known }: Seen): boolean {
    if (after.status === 'error' || isIgnored(before, after, requests, record.event)) return false;
    if (!this.#isState(record, after.value as Json)) return false;
    const recorded = record.requests.map(({ request }) => request);
    if (!isSame(recorded as unknown as Json, requests as unknown as Json)) return false;
    if (record.memory === undefined) return true;
    return isSame(record.memory, digests(packedText).of(known, contextOf(after)));
  }

  // Names may differ only between charts that differ in nothing else.
  #isState(record: StoredRecord, value: Json): boolean {
    if (isSame(record.value, value)) return true;
    const [then, now] = [parseMachineId(record.machine), parseMachineId(this.#current)];
    const isRenamed = then?.shape === now?.shape && then?.structure !== now?.structure;
    return isRenamed && (this.progress.renames ??= renames()).areSame(record.value, value);
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
