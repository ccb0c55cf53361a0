/**
 * As `AbortSignal.timeout`, but sure to abort: Node 20 forgets one that only `AbortSignal.any` knows
 * at the next garbage collection, and whoever waits by that would wait for ever.
 */
export function patience(ms: number): AbortSignal {
  const controller = new AbortController();
  const end = () => controller.abort(new DOMException('waited long enough', 'TimeoutError'));
  setTimeout(end, ms).unref();
  return controller.signal;
}
