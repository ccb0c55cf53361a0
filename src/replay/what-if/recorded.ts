import { KINDS } from '../../actors/machines.ts';
import { isCommand, type ContainerCommand } from '../../bus/events.ts';
import { keyFrom } from '../../journal/import.ts';
import { recordLines } from '../../journal/lines.ts';
import { MooringError } from '../../model/failure.ts';
import type { Key, StoredRecord } from '../../store/store.ts';
import { sourceOf, type JournalInput } from '../replay.ts';
import type { NetworkPlan } from '../simulator/plan.ts';

/** What a journal file has recorded, as a course of events to be followed. */
export interface Recorded {
  /** All lives of a key, one after the other. */
  readonly byKey: ReadonlyMap<string, readonly StoredRecord[]>;
  /** What was asked for from outside, in the order of time. */
  readonly commands: readonly RecordedCommand[];
  readonly networks: readonly NetworkPlan[];
  readonly containers: readonly string[];
}

export interface RecordedCommand {
  readonly key: Key;
  readonly command: ContainerCommand;
  /** How many records of each key come before it. */
  readonly behind: ReadonlyMap<string, number>;
}

/** @throws MooringError as `replay`; `journal.noBegin` */
export function recordedIn(input: JournalInput): Recorded {
  const byKey = new Map<string, StoredRecord[]>();
  for (const line of recordLines(sourceOf(input))) {
    const record = line.record();
    const records = byKey.get(record.key) ?? [];
    if (records.length === 0 && record.seq > 1) throw noBegin(record);
    records.push(record);
    byKey.set(record.key, records);
  }
  const containers = [...byKey.keys()].filter((key) => key.startsWith('container/'));
  return {
    byKey,
    commands: commandsIn(byKey),
    networks: networksIn([...byKey.values()].flat()),
    containers: containers.map((key) => key.slice('container/'.length))
  };
}

function commandsIn(byKey: Recorded['byKey']): readonly RecordedCommand[] {
  const found = [...byKey].flatMap(([text, records]) =>
    records.flatMap(({ event, causation, correlation, time }, index) => {
      const key = keyFrom(text, KINDS);
      const isFromOutside = isCommand(event) && causation === correlation;
      if (key.kind !== 'container' || !isFromOutside) return [];
      const behind = new Map([...byKey].map(([name, all]) => [name, countBefore(all, time)]));
      behind.set(text, index);
      return [{ key, command: event as ContainerCommand, behind, time }];
    })
  );
  return found.sort((one, other) => one.time - other.time);
}

function countBefore(records: readonly StoredRecord[], time: number): number {
  return records.filter((record) => record.time < time).length;
}

function networksIn(records: readonly StoredRecord[]): readonly NetworkPlan[] {
  const names = new Map<string, boolean>();
  for (const { event } of records) {
    if ('spec' in event) for (const { network } of event.spec.networks) note(network, false);
    if (event.type === 'container.connect') note(event.attachment.network, false);
    if (event.type !== 'attachment.added') continue;
    note(
      event.network,
      (event.result.ips ?? []).some(({ address }) => address.includes(':'))
    );
  }
  return [...names].map(([name, dualStack]) => ({ name, dualStack, addresses: ADDRESSES }));

  function note(name: string, dualStack: boolean): void {
    names.set(name, dualStack || (names.get(name) ?? false));
  }
}

/** More than a journal's containers take. */
const ADDRESSES = 250;

function noBegin({ key, seq }: StoredRecord): MooringError {
  return new MooringError(
    'journal.noBegin',
    `the records of ${key} begin with ${seq}: what led there is lost, so nothing can be gone on from`
  );
}
