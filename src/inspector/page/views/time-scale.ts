// Where times are on a line that leaves out what lasts long and in which nothing is done.

export interface TimeScale {
  readonly width: number;
  x(time: number): number;
  /** Parts that are drawn shorter than they are. */
  readonly pauses: readonly Pause[];
  readonly ticks: readonly Tick[];
}

export interface Pause {
  readonly x: number;
  readonly width: number;
  readonly ms: number;
}

export interface Tick {
  readonly x: number;
  /** Milliseconds since the first time. */
  readonly ms: number;
}

/** What happened: at which times something changed, and while what something was done. */
export interface Happened {
  readonly times: readonly number[];
  readonly busy: readonly (readonly [from: number, to: number])[];
}

const PAUSE_PX = 40;
const TICK_PX = 110;
const MARGIN_PX = 24;
/** At the end there is room for what is written beside the last bar. */
const END_PX = 180;

interface Gap {
  readonly from: number;
  readonly ms: number;
  readonly isIdle: boolean;
}

/** @param pxPerMs of what is not left out */
export function timeScale(happened: Happened, pxPerMs: number): TimeScale {
  const gaps = gapsIn(happened);
  const times = gaps.map(({ from }) => from);
  const at: number[] = [];
  const pauses: Pause[] = [];
  let x = MARGIN_PX;
  for (const { ms, isIdle } of gaps) {
    at.push(x);
    const wide = ms * pxPerMs;
    const isLeftOut = isIdle && wide > PAUSE_PX;
    if (isLeftOut) pauses.push({ x, width: PAUSE_PX, ms });
    x += isLeftOut ? PAUSE_PX : wide;
  }
  return { width: x + END_PX, pauses, x: place, ticks: ticksOf(times, place) };

  function place(time: number): number {
    let [low, high] = [0, times.length - 1];
    if (high < 0 || time <= times[0]!) return MARGIN_PX;
    if (time >= times[high]!) return at[high]!;
    while (high - low > 1) {
      const middle = (low + high) >>> 1;
      if (times[middle]! <= time) low = middle;
      else high = middle;
    }
    const part = (time - times[low]!) / (times[high]! - times[low]!);
    return at[low]! + part * (at[high]! - at[low]!);
  }
}

/** As wide as fits, whatever is left out taking its part. */
export function pxPerMsFor(happened: Happened, width: number): number {
  const gaps = gapsIn(happened);
  const worked = gaps.filter(({ isIdle }) => !isIdle).reduce((sum, { ms }) => sum + ms, 0);
  const idle = gaps.filter(({ isIdle, ms }) => isIdle && ms > 0).length;
  const room = Math.max(200, width - MARGIN_PX - END_PX - idle * PAUSE_PX);
  return Math.min(8, Math.max(0.005, room / Math.max(worked, 1)));
}

/** What lies between a time and the next; after the last there is nothing. */
function gapsIn({ times, busy }: Happened): readonly Gap[] {
  const points = [...new Set(times)].sort((a, b) => a - b);
  const begins = busy.toSorted((a, b) => a[0] - b[0]);
  let [next, until] = [0, -Infinity];
  return points.map((from, index) => {
    while (next < begins.length && begins[next]![0] <= from) {
      until = Math.max(until, begins[next]![1]);
      next += 1;
    }
    return { from, ms: (points[index + 1] ?? from) - from, isIdle: until <= from };
  });
}

function ticksOf(times: readonly number[], x: (time: number) => number): readonly Tick[] {
  const ticks: Tick[] = [];
  for (const time of times) {
    const at = x(time);
    const last = ticks.at(-1);
    if (last === undefined || at - last.x >= TICK_PX) ticks.push({ x: at, ms: time - times[0]! });
  }
  return ticks;
}
