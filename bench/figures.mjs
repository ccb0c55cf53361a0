/** Median and 99th percentile of a list of milliseconds. */
export function figures(samples) {
  const sorted = [...samples].sort((a, b) => a - b);
  const at = (share) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
  return { p50: at(0.5), p99: at(0.99) };
}

/** Mean of the middle half: as robust as a median, and steadier. */
export function middle(samples) {
  const sorted = [...samples].sort((a, b) => a - b);
  const quarter = Math.floor(sorted.length / 4);
  const half = sorted.slice(quarter, sorted.length - quarter);
  return half.reduce((sum, ms) => sum + ms, 0) / half.length;
}

export function line(what, samples, unit = 'ms') {
  const { p50, p99 } = figures(samples);
  console.log(
    `${what.padEnd(58)} p50 ${p50.toFixed(3)} ${unit}  p99 ${p99.toFixed(3)} ${unit}  n=${samples.length}`
  );
}

export async function timed(work) {
  const begun = performance.now();
  await work();
  return performance.now() - begun;
}
