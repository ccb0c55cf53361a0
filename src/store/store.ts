import type { MooringEvent } from '../bus/events.ts';
import type { EffectRequest } from '../bus/requests.ts';
import type { Json } from '../model/json.ts';

/**
 * Where actors rest between events, and who may move them.
 *
 * One process moves an actor at a time, by a lease. Every write names the lease,
 * and a driver checks it and writes in one step, so that a process which lost its
 * lease cannot overwrite its successor.
 */
export interface Store {
  /** Boot of the host, as it is written to every record. */
  readonly boot: string;

  /**
   * Waits until the lease is free.
   *
   * @throws MooringError `lease.timedOut` after `timeoutMs`, naming the holder when it is known
   * @throws the signal's reason when it aborts
   */
  acquire(key: Key, options: { timeoutMs: number; signal?: AbortSignal }): Promise<Lease>;

  /** @returns the lease, or `undefined` while another holds it */
  tryAcquire(key: Key): Promise<Lease | undefined>;

  /** Gives the actor up. A lease already lost is no error. */
  release(lease: Lease): Promise<void>;

  /**
   * @returns where the actor rests, or `undefined` when there is none
   * @throws MooringError `store.corrupt` naming the record
   */
  load(key: Key): Promise<StoredActor | undefined>;

  /**
   * The same for one who holds the lease and has the actor in memory.
   *
   * @param known where the caller believes it rests; after a commit that failed there is nothing to believe
   * @returns `unchanged` when nobody has written since; a driver may also give the actor
   * @throws MooringError `store.corrupt` naming the record
   */
  load(key: Key, known: Known | undefined): Promise<StoredActor | 'unchanged' | undefined>;

  /**
   * Appends to the journal and replaces the snapshot, in one step and for good:
   * a process killed right after finds both.
   *
   * @throws MooringError `lease.lost`, and nothing is written
   * @throws MooringError `store.full` or `store.failed`, and nothing is written
   */
  commit(lease: Lease, commit: Commit): Promise<void>;

  /**
   * Drops an actor that has ended, and its lease. Its journal stays readable as history,
   * within the driver's bound; everything else of it is gone.
   *
   * @throws MooringError `lease.lost`
   */
  forget(lease: Lease): Promise<void>;

  /** Every actor of a kind, by id. One that can't be read is listed with its failure. */
  list(kind: Kind): Promise<readonly ListedActor[]>;

  /**
   * The journal of an actor from its first record, or of its last life when it has ended.
   *
   * When the driver's bound has dropped the oldest records of a long life, it begins
   * with a `seq` greater than 1.
   *
   * @throws MooringError `store.corrupt` naming the record
   */
  journal(key: Key): AsyncIterable<JournalRecord>;

  /** Records of every actor as they are committed, by any process; ends when the signal aborts. */
  follow(signal: AbortSignal): AsyncIterable<JournalRecord>;

  /** Allocations of a kind by all owners, with the version to give to `allocate`. */
  allocations(kind: string): Promise<Allocations>;

  /**
   * Replaces one owner's allocations of a kind, if nobody has changed them since `version`.
   *
   * @param entries `[]` gives everything back
   * @returns whether it was done
   */
  allocate(
    kind: string,
    version: number,
    owner: string,
    entries: readonly Json[]
  ): Promise<boolean>;

  close(): Promise<void>;
}

export type Kind = 'container' | 'namespace' | 'network' | 'uplink' | 'forwarder' | 'rootlessNetns';

export interface Key {
  readonly kind: Kind;
  /** A parsed name, `web`. */
  readonly id: string;
}

/** A record by what no other record of its key has: its number, and the lease it was written under. */
export interface Known {
  readonly seq: number;
  readonly token: number;
}

export interface Lease {
  readonly key: Key;
  /** Fencing token: greater than every token given out for this key before. */
  readonly token: number;
  /** Aborts when the lease is known to be lost; never by `release`. */
  readonly signal: AbortSignal;
}

/** A request that was asked and not answered yet. */
export interface Outstanding {
  /** nanoid; unique for ever. */
  readonly id: string;
  readonly request: EffectRequest;
  /** When it was committed, milliseconds since the epoch. */
  readonly askedAt: number;
  /** Command that it follows from. */
  readonly correlation: string;
}

/** One step of an actor. */
export interface Commit {
  readonly event: MooringEvent;
  /** Asked by this event. */
  readonly requests: readonly Outstanding[];
  /** State value after the event, as XState gives it. */
  readonly value: Json;
  /** `getPersistedSnapshot()` after the event. */
  readonly snapshot: Json;
  /** All that is unanswered after the event, `requests` included. */
  readonly outstanding: readonly Outstanding[];
  /** Machine id and structural hash, `container@3f9a…`. */
  readonly machine: string;
  /** Request that the event answers, or command that began it. */
  readonly causation: string | null;
  /** Command that everything since follows from. */
  readonly correlation: string;
}

/** A commit without what only a restart needs, as it is exported. */
export interface JournalRecord {
  /** Format version, 1. */
  readonly v: 1;
  /** From 1, without gaps, per actor and life. */
  readonly seq: number;
  /** Milliseconds since the epoch. */
  readonly time: number;
  readonly host: string;
  /** `/proc/sys/kernel/random/boot_id` */
  readonly boot: string;
  /** `container/web` */
  readonly key: string;
  readonly token: number;
  readonly machine: string;
  readonly event: MooringEvent;
  readonly requests: readonly Outstanding[];
  readonly value: Json;
  readonly causation: string | null;
  readonly correlation: string;
  /** Hash over this record and the hash of the one before. */
  readonly hash: string;
}

export interface StoredActor {
  readonly key: Key;
  readonly seq: number;
  /** Of the lease that its last record was written under. */
  readonly token: number;
  readonly time: number;
  readonly boot: string;
  readonly machine: string;
  readonly value: Json;
  readonly snapshot: Json;
  readonly outstanding: readonly Outstanding[];
}

export type ListedActor =
  | { readonly key: Key; readonly actor: StoredActor }
  | { readonly key: Key; readonly failure: { readonly code: string; readonly message: string } };

export interface Allocations {
  readonly version: number;
  readonly entries: readonly { readonly owner: string; readonly entry: Json }[];
}

/** `container/web` */
export function keyText({ kind, id }: Key): string {
  return `${kind}/${id}`;
}
