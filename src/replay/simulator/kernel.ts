/** A thing on a host that something made and something has to take away again. */
export interface Thing {
  readonly kind: ThingKind;
  /** Unique among those of its kind. */
  readonly name: string;
  /** `web`, `web/front`, `front`: the container, attachment or network that it belongs to. */
  readonly of: string;
  /** Inode of the netns that it goes with; `0` is the host's. */
  readonly netns: number;
  /** What tells it from another of the same name: an address, an inode. */
  readonly value: string;
}

export type ThingKind =
  | 'netns'
  /** A file that a netns is, or was to be, mounted on. */
  | 'mount'
  | 'bridge'
  /** The container's end of a pair. */
  | 'link'
  /** The host's end of it. */
  | 'veth'
  | 'address'
  | 'rule'
  | 'socket'
  | 'process'
  /** An address that IPAM has given away: a file that outlives a boot. */
  | 'lease'
  | 'file'
  /** A connection that the kernel tracks. */
  | 'flow';

export interface Change {
  readonly at: number;
  readonly verb: 'add' | 'remove';
  readonly thing: Thing;
  /** Operation that did it; `outside` for what somebody else does. */
  readonly by: string;
}

/** What a host holds, of ours and of others. */
export interface Kernel {
  readonly host: string;
  /** @throws Error when there is one already: no kernel makes it twice */
  add(thing: Thing, by: string): void;
  /** @returns whether it was there */
  remove(kind: ThingKind, name: string, by: string): boolean;
  get(kind: ThingKind, name: string): Thing | undefined;
  /** Those there are now; what is done to them afterwards does not change the list. */
  ofKind(kind: ThingKind): readonly Thing[];
  /** The first of a kind that is as wanted. */
  find(kind: ThingKind, isWanted: (thing: Thing) => boolean): Thing | undefined;
  all(): readonly Thing[];
  newInode(): number;
  /** With a netns goes all that is in it, and the other ends of its pairs. */
  removeNetns(inode: number, by: string): void;
  /** Only files stay. */
  reboot(): void;
}

/** Somebody who is none of us: an administrator, another tool. */
export const OUTSIDE = 'outside';

export function isForeign({ of, value }: Thing): boolean {
  return of === OUTSIDE || value === OUTSIDE;
}

const STAYS: ReadonlySet<ThingKind> = new Set(['lease', 'file']);

/** @param onChange told of each change when it has been made */
export function newKernel(
  host: string,
  firstInode: number,
  onChange: (change: Omit<Change, 'at'>) => void
): Kernel {
  const kinds = new Map<ThingKind, Map<string, Thing>>();
  let inode = firstInode;
  const of = (kind: ThingKind): Map<string, Thing> => {
    let things = kinds.get(kind);
    if (things === undefined) kinds.set(kind, (things = new Map<string, Thing>()));
    return things;
  };

  const kernel: Kernel = {
    host,
    add(thing, by) {
      const things = of(thing.kind);
      if (things.has(thing.name)) throw new Error(`${thing.kind} ${thing.name} exists`);
      things.set(thing.name, thing);
      onChange({ verb: 'add', thing, by });
    },
    remove(kind, name, by) {
      const things = of(kind);
      const thing = things.get(name);
      if (thing === undefined) return false;
      things.delete(name);
      onChange({ verb: 'remove', thing, by });
      return true;
    },
    get: (kind, name) => of(kind).get(name),
    ofKind: (kind) => [...of(kind).values()],
    find(kind, isWanted) {
      for (const thing of of(kind).values()) if (isWanted(thing)) return thing;
      return undefined;
    },
    all: () => [...kinds.values()].flatMap((things) => [...things.values()]),
    newInode: () => (inode += 1),
    removeNetns(wanted, by) {
      for (const thing of kernel.all()) {
        if (thing.netns !== wanted) continue;
        kernel.remove(thing.kind, thing.name, by);
        if (thing.kind === 'link') kernel.remove('veth', thing.name, by);
      }
    },
    reboot() {
      for (const { kind, name } of kernel.all()) {
        if (!STAYS.has(kind)) kernel.remove(kind, name, OUTSIDE);
      }
    }
  };
  return kernel;
}
