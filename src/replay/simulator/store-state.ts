import { MooringError } from '../../model/failure.ts';
import type { Json } from '../../model/json.ts';
import {
  keyText,
  type Allocations,
  type Commit,
  type Key,
  type Kind,
  type ListedActor,
  type Outstanding,
  type StoredActor
} from '../../store/store.ts';

/** A record as it was committed; what it says is never changed, so it is kept as it is. */
export interface Kept {
  readonly seq: number;
  readonly time: number;
  readonly host: string;
  readonly boot: string;
  readonly key: Key;
  readonly token: number;
  readonly commit: Commit;
}

/** Who writes, and when. */
export interface Frame {
  readonly host: string;
  readonly boot: string;
  readonly time: number;
}

/** What a store holds for one host, and the order in which it came. */
export interface StoreState {
  /** @returns a token, or `undefined` while another holds it */
  grant(key: Key): number | undefined;
  /** @returns whether the token holds it still */
  holds(key: Key, token: number): boolean;
  free(key: Key): void;
  /** @throws MooringError `lease.lost` */
  commit(key: Key, token: number, commit: Commit, frame: Frame): void;
  /** @throws MooringError `lease.lost` */
  forget(key: Key, token: number): void;
  load(key: Key): StoredActor | undefined;
  list(kind: Kind): readonly ListedActor[];
  records(key: Key): readonly Kept[];
  allocations(kind: string): Allocations;
  allocate(kind: string, version: number, owner: string, entries: readonly Json[]): boolean;
  /** Every life there was, each with its records, in the order they began. */
  readonly lives: readonly (readonly Kept[])[];
  /** What nobody has given back. */
  keys(): readonly string[];
}

export interface StateListener {
  onCommit(kept: Kept): void;
  onForget(key: Key): void;
}

/** @param isFenced whether a token is asked for; without it whoever writes last is right */
export function newStoreState(listener: StateListener, isFenced = true): StoreState {
  const actors = new Map<string, Kept[]>();
  const lives: Kept[][] = [];
  const leases = new Map<string, number>();
  const allocated = new Map<string, Allocations>();
  let tokens = 0;

  return {
    grant(key) {
      const text = keyText(key);
      if (leases.has(text)) return undefined;
      tokens += 1;
      leases.set(text, tokens);
      return tokens;
    },
    holds,
    free: (key) => void leases.delete(keyText(key)),
    commit(key, token, commit, frame) {
      expectHeld(key, token);
      const text = keyText(key);
      let life = actors.get(text);
      if (life === undefined) {
        life = [];
        actors.set(text, life);
        lives.push(life);
      }
      const { host, boot, time } = frame;
      const kept = { seq: life.length + 1, key, token, commit, host, boot, time };
      life.push(kept);
      listener.onCommit(kept);
    },
    forget(key, token) {
      expectHeld(key, token);
      actors.delete(keyText(key));
      leases.delete(keyText(key));
      listener.onForget(key);
    },
    load: (key) => actorOf(actors.get(keyText(key))?.at(-1)),
    list: (kind) =>
      [...actors.values()].flatMap((life): ListedActor[] => {
        const actor = actorOf(life.at(-1))!;
        return actor.key.kind === kind ? [{ key: actor.key, actor }] : [];
      }),
    records: (key) => actors.get(keyText(key)) ?? [],
    allocations: (kind) => allocated.get(kind) ?? { version: 0, entries: [] },
    allocate(kind, version, owner, entries) {
      const current = allocated.get(kind) ?? { version: 0, entries: [] };
      if (current.version !== version) return false;
      const others = current.entries.filter((held) => held.owner !== owner);
      const own = entries.map((entry) => ({ owner, entry }));
      allocated.set(kind, { version: version + 1, entries: [...others, ...own] });
      return true;
    },
    lives,
    keys: () => [...actors.keys()]
  };

  function holds(key: Key, token: number): boolean {
    return leases.get(keyText(key)) === token;
  }

  function expectHeld(key: Key, token: number): void {
    if (!isFenced || holds(key, token)) return;
    throw lost(key, token);
  }
}

export function lost(key: Key, token: number): MooringError {
  return new MooringError('lease.lost', `the lease on ${keyText(key)} (token ${token}) was lost`);
}

function actorOf(kept: Kept | undefined): StoredActor | undefined {
  if (kept === undefined) return undefined;
  const { seq, token, time, boot, key, commit } = kept;
  const { machine, value, snapshot, outstanding } = commit;
  return { key, seq, token, time, boot, machine, value, snapshot, outstanding: [...outstanding] };
}

/** Unanswered requests of the records before. */
export function earlierOf({ outstanding, requests }: Commit): readonly Outstanding[] {
  return outstanding.filter(({ id }) => !requests.some((request) => request.id === id));
}
