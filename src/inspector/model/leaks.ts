import type { Collected, Garbage, GarbageKind } from '../../model/garbage.ts';
import type { Recorded } from './records.ts';
import { stateText } from './steps.ts';

/** Something that is left, and the step that made it. */
export interface Leak extends Garbage {
  /** Why it is left alone by `gc`; `null`: it would be removed. */
  readonly reason: string | null;
  /** The last request that makes such a thing, in the journal of its owner; `null` when there is none. */
  readonly step: {
    readonly key: string;
    readonly seq: number;
    readonly request: string;
    readonly state: string;
  } | null;
}

// Which request makes a thing of each kind.
const MADE_BY: Readonly<Record<GarbageKind, string>> = {
  result: 'cni.add',
  lease: 'cni.add',
  rules: 'cni.add',
  netns: 'netns.create',
  ports: 'resources.hold',
  files: 'files.write',
  hold: 'resources.hold',
  usage: 'network.prepare'
};

/** @param journal records of an owner, in their order */
export function leaksOf(
  { removed, kept }: Collected,
  journal: (owner: string) => readonly Recorded[]
): readonly Leak[] {
  return [
    ...removed.map((one) => leak(one, null, journal)),
    ...kept.map(({ failure, ...one }) => leak(one, failure.message, journal))
  ];
}

function leak(
  garbage: Garbage,
  reason: string | null,
  journal: (owner: string) => readonly Recorded[]
): Leak {
  const wanted = MADE_BY[garbage.kind];
  const record = journal(garbage.owner).findLast(({ requests }) =>
    requests.some(({ request }) => request.type === wanted)
  );
  const step = record && {
    ...{ key: record.key, seq: record.seq, request: wanted },
    state: stateText(record.value)
  };
  return { ...garbage, reason, step: step ?? null };
}
