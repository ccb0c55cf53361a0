import type { MooringEvent } from '../bus/events.ts';
import type { EffectRequest } from '../bus/requests.ts';
import { MooringError } from '../model/failure.ts';
import type { Json } from '../model/json.ts';
import type { Span } from '../model/span.ts';
import type { Cluster } from './cluster.ts';

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

  /** Name of the host, as it is written to every record. */
  readonly host: string;

  /**
   * Waits until the lease is free.
   *
   * @param options.removing for taking away alone; a driver may give it, marked so, where it gives no other
   * @throws MooringError `lease.timedOut` after `timeoutMs`, naming the holder when it is known
   * @throws the signal's reason when it aborts
   */
  acquire(key: Key, options: AcquireOptions): Promise<Lease>;

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
   * As `load` for one who only looks: what is given may be what the actor goes on with, and must
   * not be changed. Absent in a driver that has to read it in any case.
   */
  look?(key: Key): Promise<StoredActor | undefined>;

  /**
   * Appends to the journal and replaces the snapshot, in one step and for good:
   * a process killed right after finds both.
   *
   * @returns the time of the record, milliseconds since the epoch
   * @throws MooringError `lease.lost`, and nothing is written
   * @throws MooringError `store.full` or `store.failed`, and nothing is written; another `store.…`
   *   of a driver whose answer may be lost, and then the next `load` tells
   */
  commit(lease: Lease, commit: Commit): Promise<number>;

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
  journal(key: Key): AsyncIterable<StoredRecord>;

  /**
   * Takes a journal that was recorded elsewhere among those of ended lives, line for line.
   * Absent in a driver that has no place for one.
   *
   * @param lines of one key, without newlines, each following from the one before
   * @throws MooringError `journal.exists` when the key has a journal here, and nothing is written
   */
  adopt?(key: Key, lines: readonly Buffer[]): Promise<void>;

  /**
   * What is kept of lives that have ended, each record once, those of a life in their order.
   * Absent in a driver that has no list of them.
   *
   * @throws MooringError `store.corrupt` naming the record
   */
  ended?(): AsyncIterable<JournalRecord>;

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

  /** Absent in a store that one host has for itself. */
  readonly cluster?: Cluster;

  close(): Promise<void>;
}

export interface AcquireOptions {
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
  readonly removing?: boolean;
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
  /** Given for taking away alone: nothing may be begun under it. Absent where that makes no difference. */
  readonly removing?: boolean;
  /** Aborts when the lease is known to be lost; never by `release`. */
  readonly signal: AbortSignal;
  /** Calls back then, with the signal's reason; at once when it is lost already. */
  onLost(told: (reason: unknown) => void): void;
  /**
   * Asked before anything is begun under the lease: after a stall it knows what no timer has told yet.
   *
   * @throws MooringError `lease.lost` when it is, or may be, another's, or was given up
   */
  check(): void;
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
  /** What was run and waited for since the request that the event answers. */
  readonly spans?: readonly Span[];
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
  /** What was run and waited for on the way to the event; absent when there was nothing. */
  readonly spans?: readonly Span[];
  /** Hash over this record and the hash of the one before. */
  readonly hash: string;
}

/** A line of a journal: the record, the link to the line before, and what it takes to go on from it. */
export interface StoredRecord extends JournalRecord {
  /** `hash` of the record before, `''` for the first of a life. */
  readonly prev: string;
  /** `getPersistedSnapshot()` after the event. An exported record has none. */
  readonly snapshot?: Json;
  /** Unanswered requests of the records before; those of this one are in `requests`. */
  readonly earlier?: readonly Outstanding[];
  /** Of an exported record after which nothing is asked: what the machine remembers that it did not the last time. */
  readonly memory?: Memory;
  /** Of an exported record: what stands elsewhere in the journal by reference, where it comes first. */
  readonly parts?: Readonly<Record<string, Json>>;
  /** Of an exported record: names, addresses and times are stand-ins. */
  readonly redacted?: true;
}

/** CRC-32 of JSON text by field, 8 hex digits; of a list that of each item. */
export type Memory = Readonly<Record<string, string | readonly string[]>>;

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

/** What {@link Store.adopt} throws. */
export function journalExists(key: Key): MooringError {
  return new MooringError(
    'journal.exists',
    `${keyText(key)} has a journal here already, and an imported one would be mistaken for it`
  );
}

/** `container/web` */
export function keyText({ kind, id }: Key): string {
  return `${kind}/${id}`;
}
