import type { Failure } from '../model/failure.ts';
import type { PortMapping } from '../model/container.ts';
import type { Forwards, UplinkPlan, UplinkProcess } from '../model/uplink.ts';

export interface UplinkInput {
  /** Id of its container, or that of the shared one. */
  readonly uplink: string;
}

/** What an uplink's machine remembers. */
export interface UplinkContext extends UplinkInput {
  readonly plan: UplinkPlan | null;
  readonly forwards: Forwards;
  /** Whose ports were changed last, and what they were before. */
  readonly changed: {
    readonly holder: string;
    readonly before: readonly PortMapping[] | null;
  } | null;
  readonly process: UplinkProcess | null;
  /** Starts in a row that came to nothing, and runs that were short. */
  readonly attempts: number;
  /** Why the last command was not carried out, or why it is not up. */
  readonly failure: Failure | null;
}

export const initialUplink = {
  plan: null,
  forwards: {},
  changed: null,
  process: null,
  attempts: 0,
  failure: null
} satisfies Omit<UplinkContext, 'uplink'>;

/** How often a program that was lost is started again before it is left. */
export const START_ATTEMPTS = 4;
/** Pause before the second start; it doubles for each further one. */
export const START_BACKOFF_MS = 100;
/** One that has run for so long is not counted among those that end at once. */
export const STEADY_MS = 10_000;

export function withForwards(
  { forwards }: UplinkContext,
  holder: string,
  ports: readonly PortMapping[]
): Pick<UplinkContext, 'forwards' | 'changed'> {
  return {
    forwards: replaced(forwards, holder, ports),
    changed: { holder, before: forwards[holder] ?? null }
  };
}

/** As they were before the last change. */
export function withoutChange({
  forwards,
  changed
}: UplinkContext): Pick<UplinkContext, 'forwards' | 'changed'> {
  if (changed === null) return { forwards, changed };
  return { forwards: replaced(forwards, changed.holder, changed.before ?? []), changed: null };
}

export function isSamePlan({ plan }: UplinkContext, other: UplinkPlan): boolean {
  return JSON.stringify(plan) === JSON.stringify(other);
}

function replaced(forwards: Forwards, holder: string, ports: readonly PortMapping[]): Forwards {
  const others = Object.entries(forwards).filter(([other]) => other !== holder);
  return Object.fromEntries(ports.length === 0 ? others : [...others, [holder, ports]]);
}
