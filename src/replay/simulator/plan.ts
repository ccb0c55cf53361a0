import type { Json } from '../../model/json.ts';

/**
 * All that makes one run what it is: who does what when, and what goes wrong. It is JSON, so a run
 * can be written down, cut smaller, and run again.
 */
export interface Plan {
  readonly seed: number;
  readonly store: StoreModel;
  readonly hosts: readonly HostPlan[];
  readonly steps: readonly Step[];
  readonly faults: readonly Fault[];
  /** How far things take other times than they should, 0 to 1. */
  readonly jitter: number;
}

/**
 * `embedded`: files of one host; a lease goes with the process that holds it. `redis`: one server
 * for all hosts; a lease lasts as long as it is renewed.
 */
export type StoreModel = 'embedded' | 'redis';

export interface HostPlan {
  readonly name: string;
  /** How many processes use Mooring side by side. */
  readonly processes: number;
  /** Whether one more watches the host and puts right what it can. */
  readonly agent: boolean;
  /** Whether it is the private host of a user without root; absent: root's. */
  readonly rootless?: boolean;
  readonly networks: readonly NetworkPlan[];
}

export interface NetworkPlan {
  readonly name: string;
  readonly dualStack: boolean;
  /** How many addresses there are to give away. */
  readonly addresses: number;
}

/** What somebody asks a process for. */
export interface Step {
  /** Not before; a process does one thing at a time. */
  readonly atMs: number;
  readonly host: string;
  readonly process: number;
  readonly command: Command;
}

export type Command =
  | {
      readonly verb: 'up' | 'create';
      readonly container: string;
      readonly networks: readonly string[];
      /** Host port for container port 80; 0: one is chosen. */
      readonly ports: readonly number[];
      /** Container whose netns it shares. */
      readonly shares?: string;
    }
  | {
      readonly verb: 'start' | 'down' | 'remove' | 'reload' | 'cycle' | 'repair' | 'refresh';
      readonly container: string;
    }
  | {
      readonly verb: 'connect' | 'disconnect';
      readonly container: string;
      readonly network: string;
    }
  | { readonly verb: 'recover' };

/** What goes wrong, and where. */
export type Fault =
  /** `kill -9` of a process at a point, counted over its lives; it is started again. */
  | {
      readonly kind: 'crash';
      readonly host: string;
      readonly process: number;
      readonly point: CrashPoint;
    }
  | Timed<'stall', { readonly process: number; readonly forMs: number }>
  | Timed<'reboot'>
  /** A plugin, at its n-th run for that verb on the host. */
  | {
      readonly kind: 'plugin';
      readonly host: string;
      readonly verb: PluginVerb;
      readonly run: number;
      /** How many runs in a row, from that one; 1 unless given. */
      readonly times?: number;
      readonly how: PluginFault;
      /** After how many of its steps. */
      readonly after: number;
    }
  /** Somebody takes away what is not his. */
  | Timed<
      'netnsGone' | 'linkGone' | 'addressGone' | 'rulesFlushed' | 'bridgeGone' | 'keeperKilled',
      { readonly nth: number }
    >
  /** Another has taken the place of a netns. */
  | Timed<'netnsReplaced', { readonly nth: number }>
  | Timed<'clockJump', { readonly byMs: number }>
  /** No room for a record, for a time. */
  | Timed<'diskFull', { readonly forMs: number }>
  | {
      readonly kind: 'storeAway' | 'storeStalled' | 'storeSlow';
      readonly atMs: number;
      readonly forMs: number;
    }
  | Timed<'partition', { readonly forMs: number }>
  /** The n-th write is done and its answer is lost. */
  | { readonly kind: 'answerLost'; readonly write: number }
  /** The n-th write is refused. */
  | { readonly kind: 'writeRefused'; readonly write: number };

/** The n-th point of all, from 1; or the n-th of these, `after commit attachment.added of container/web`. */
export type CrashPoint = number | { readonly at: string; readonly nth: number };

export type PluginVerb = 'ADD' | 'DEL' | 'sweep' | 'repair' | 'examine';

export type PluginFault =
  /** It says no, and has done what it has done. */
  | 'refuses'
  /** It ends without a word, or with one that is none. */
  | 'garbage'
  /** It never ends by itself. */
  | 'hangs'
  /** It takes fifty times as long, and does all. */
  | 'slow'
  /** It has done all, and says no. */
  | 'late';

type Timed<Kind extends string, Details = unknown> = Readonly<{
  kind: Kind;
  host: string;
  atMs: number;
}> &
  Details;

export type FaultKind = Fault['kind'];

/** As a plan is written down; a plan is JSON. */
export function planJson(plan: Plan): Json {
  return plan as unknown as Json;
}
