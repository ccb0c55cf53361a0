import { MooringError } from './failure.ts';

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };

export interface Clock {
  /** Milliseconds since the epoch. */
  readonly nowMs: number;
  /** As `Date.parse`. */
  readonly parseTime: (text: string) => number;
}

/**
 * The value of a filter `until`, in milliseconds since the epoch: seconds since the epoch, a time
 * as of RFC 3339, or how long ago (`10m`, `1h30m`).
 *
 * @throws MooringError `network.badFilter`
 */
export function parseUntil(text: string, { nowMs, parseTime }: Clock): number {
  if (/^\d+(?:\.\d+)?$/.test(text)) return Number(text) * 1_000;
  if (/^(?:\d+(?:\.\d+)?(?:ms|[hms]))+$/.test(text)) return nowMs - durationMs(text);
  const time = /^\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d|$)/.test(text) ? parseTime(text) : Number.NaN;
  if (!Number.isNaN(time)) return time;
  throw new MooringError(
    'network.badFilter',
    `filter until=${text}: neither a time such as 2026-01-31T10:00:00Z, nor seconds since 1970, nor a duration such as 10m`
  );
}

function durationMs(text: string): number {
  return [...text.matchAll(/([\d.]+)(ms|[hms])/g)].reduce(
    (sum, [, count, unit]) => sum + Number(count) * UNIT_MS[unit!]!,
    0
  );
}
