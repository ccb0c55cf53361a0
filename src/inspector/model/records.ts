import type { AnyStateMachine } from 'xstate';
import type { Json } from '../../model/json.ts';
import type { JournalRecord } from '../../store/store.ts';

/** A record as it is read from a journal, wherever that comes from. */
export type Recorded = JournalRecord & {
  /** `getPersistedSnapshot()` after it: of the first that is left of a long life. */
  readonly snapshot?: Json;
};

/** The charts that records are followed with, by kind of actor. */
export type Machines = Readonly<
  Record<string, { readonly machine: AnyStateMachine; readonly input: (id: string) => unknown }>
>;

/** `container` of `container/web` */
export function kindOf(key: string): string {
  const slash = key.indexOf('/');
  return slash < 0 ? key : key.slice(0, slash);
}

/** `web` of `container/web` */
export function idOf(key: string): string {
  return key.slice(key.indexOf('/') + 1);
}

/** What is named besides the actor: networks, containers that hold, one after the other. */
export function subjectsOf({ key, event }: Pick<Recorded, 'key' | 'event'>): readonly string[] {
  const payload: Readonly<Record<string, unknown>> = { ...event };
  return ['container', 'network', 'namespace', 'holder']
    .map((name) => payload[name])
    .filter((value): value is string => typeof value === 'string' && value !== idOf(key));
}

/** The failure that an event tells of, if it does. */
export function failureIn({
  event
}: Pick<Recorded, 'event'>): { readonly code: string; readonly message: string } | undefined {
  const payload: Readonly<Record<string, unknown>> = { ...event };
  const { failure, failures } = payload;
  const first: unknown = failure ?? (Array.isArray(failures) ? failures[0] : undefined);
  if (typeof first !== 'object' || first === null) return undefined;
  const { code, message } = first as { readonly code?: unknown; readonly message?: unknown };
  return typeof code === 'string' && typeof message === 'string' ? { code, message } : undefined;
}

/** Records of each actor, in the order they are given. */
export function byKey(records: Iterable<Recorded>): ReadonlyMap<string, readonly Recorded[]> {
  const grouped = new Map<string, Recorded[]>();
  for (const record of records) {
    const own = grouped.get(record.key);
    if (own === undefined) grouped.set(record.key, [record]);
    else own.push(record);
  }
  return grouped;
}
