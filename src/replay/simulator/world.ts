import type { Machines } from '../../actors/machines.ts';
import type { Effects } from '../../effects/effects.ts';
import type { OwnResources } from '../../actors/holds.ts';
import type { Store } from '../../store/store.ts';
import type { Clock, Owner } from './clock.ts';
import type { Kernel, Thing } from './kernel.ts';
import type { NetworkPlan, Plan } from './plan.ts';
import type { Programs } from './programs.ts';

/** What a run looks at while it goes on. */
export interface Watcher {
  /** Something happened that is worth a line of the trace. */
  note(line: () => string): void;
  /** An invariant does not hold: `I1`, and what is wrong in a line. */
  violated(invariant: Invariant, what: string): void;
}

export type Invariant = 'I1' | 'I2' | 'I3' | 'I4' | 'I5' | 'I6';

/** A host when something has been done to it, and before anything else is. */
export interface Moment {
  readonly host: string;
  /** How a command ended, `up web front: up`; `recovery`, `the end`; or what somebody took away: `linkGone`. */
  readonly what: string;
  /** All that is there and is ours. */
  readonly things: readonly Thing[];
  /** What was taken away. */
  readonly hit?: Thing;
}

/** What a run may be changed by: the bugs of others, planted to see that they are found. */
export interface Plants {
  readonly machines?: (machines: Machines) => Machines;
  readonly effects?: (effects: Effects, on: Site) => Effects;
  readonly own?: (own: OwnResources, on: Site) => OwnResources;
  readonly store?: (store: Store, on: Site) => Store;
  /** Whether a write asks for the lease that it is done under. */
  readonly fenced?: boolean;
  /** Whether the agent starts what keeps ports again when it was killed. */
  readonly keepsPorts?: boolean;
}

/** Where a point lies to what is done. */
export type PointAt = 'before' | 'during' | 'after';

/** Where a process is: its host, and itself. */
export interface Site {
  readonly host: SimHost;
  readonly owner: Owner;
  /** Name of the process, `h1.0`. */
  readonly process: string;
  /**
   * Goes past a point at which the process may die.
   *
   * @param what `cni.add front`, `commit attachment.added`
   * @param key actor that it is done for, `container/web`
   * @returns whether it is dead now, and must do nothing more
   */
  reach(at: PointAt, what: string, key: string): boolean;
  /** As long as it should take, more or less. */
  pause(what: string, meanMs: number): Promise<void>;
}

export interface SimHost {
  readonly name: string;
  readonly kernel: Kernel;
  readonly programs: Programs;
  readonly clock: Clock;
  readonly networks: readonly NetworkPlan[];
  /** Which address of a network and family was given last, as a file of host-local says: `front 4`. */
  readonly lastGiven: Map<string, number>;
  readonly plan: Plan;
  readonly watcher: Watcher;
  /** Whether its networks are those of a private host. */
  readonly isRootless: boolean;
  /** Changes with every boot. */
  boot: string;
  /** How far its clock is off, milliseconds. */
  skewMs: number;
  /** Until when its disk takes nothing. */
  diskFullUntil: number;
}
