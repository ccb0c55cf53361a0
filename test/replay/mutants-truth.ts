import { createActor, type AnyMachineSnapshot } from 'xstate';
import { MACHINES, type Machines } from '../../src/actors/machines.ts';
import { isCommand, type MooringEvent } from '../../src/bus/events.ts';
import { recordLines } from '../../src/journal/lines.ts';
import { replay, sourceOf } from '../../src/replay/replay.ts';
import type { Kind, StoredRecord } from '../../src/store/store.ts';
import { JOURNALS } from './corpus.ts';

/** A whole life as it was recorded, and where. */
export interface Life {
  readonly path: string;
  /** As a replay names it: `container/web (life 2)`. */
  readonly name: string;
  readonly kind: Kind;
  readonly id: string;
  readonly records: readonly StoredRecord[];
}

export const LIVES: readonly Life[] = JOURNALS.flatMap(([, path]) => {
  const lives = new Map<string, StoredRecord[]>();
  for (const line of recordLines(sourceOf(path))) {
    const name = line.life === 1 ? line.key : `${line.key} (life ${line.life})`;
    lives.set(name, [...(lives.get(name) ?? []), line.record()]);
  }
  // What the chart of today does otherwise than the one that recorded it can't be told from a mistake.
  const same = replay(path).actors.filter(({ divergence }) => divergence === undefined);
  const names = new Set(same.map(({ key }) => key));
  const kept = [...lives].filter(([name]) => names.has(name));
  return kept.map(([name, records]) => {
    const [kind, id] = records[0]!.key.split('/') as [Kind, string];
    return { path, name, kind, id, records };
  });
});

/**
 * At which record a changed chart first does what the one of today does not: two actors are led side
 * by side, and nothing of a journal but its events is looked at, and whether it tells the memory.
 */
export function firstDifference(life: Life, machines: Machines): number | undefined {
  const [now, changed] = [follow(life, MACHINES), follow(life, machines)];
  for (const { seq, event, memory } of life.records) {
    const [ours, theirs] = [now(event), changed(event)];
    if (theirs.failed || ours.doing !== theirs.doing) return seq;
    if (memory !== undefined && ours.memory !== theirs.memory) return seq;
    if (isCommand(event) && !theirs.isTaken && theirs.isSilent) return seq;
  }
  return undefined;
}

interface Done {
  /** Where it stands and what it asks for. */
  readonly doing: string;
  readonly memory: string;
  readonly isTaken: boolean;
  /** Whether nothing at all came of it. */
  readonly isSilent: boolean;
  readonly failed: boolean;
}

function follow({ kind, id }: Life, machines: Machines): (event: MooringEvent) => Done {
  const { machine, input } = machines[kind];
  const asked: unknown[] = [];
  const actor = createActor(machine, { input: input(id) });
  actor.subscribe({ error: () => undefined });
  actor.on('*', (request: unknown) => asked.push(request));
  actor.start();
  const now = (): AnyMachineSnapshot => actor.getSnapshot() as AnyMachineSnapshot;

  return (event) => {
    const before = now();
    const isTaken = before.can(event);
    actor.send(event);
    const after = now();
    const requests = asked.splice(0);
    const isSame = JSON.stringify(before.value) === JSON.stringify(after.value);
    return {
      doing: JSON.stringify([after.value, requests]),
      memory: JSON.stringify(sorted(after.context)),
      isTaken,
      isSilent: isSame && requests.length === 0 && before.context === after.context,
      failed: after.status === 'error'
    };
  };
}

function sorted(context: object): unknown {
  return Object.entries(context).sort(([one], [other]) => (one < other ? -1 : 1));
}
