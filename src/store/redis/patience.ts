/** A limited time to wait, of which a stalled process uses up little. */
export interface Patience {
  /** @throws {@link OUT_OF_PATIENCE} when the time is over first; `work` then goes on unheard */
  until<T>(work: Promise<T>): Promise<T>;
  isOver(): boolean;
}

export const OUT_OF_PATIENCE = new Error('out of patience');

/**
 * Counts in slices, and of each at most its own length. After a stall a timer comes before the answer that has long been here; the
 * slice is then over, and the next one finds the answer.
 */
export function patienceOf(totalMs: number): Patience {
  const sliceMs = totalMs / SLICES;
  let leftMs = totalMs;

  return {
    async until(work) {
      // Its failure is told to who still waits, and concerns nobody else.
      work.catch(() => undefined);
      for (;;) {
        if (leftMs <= 0) throw OUT_OF_PATIENCE;
        const begun = performance.now();
        const settled = await within(Math.min(sliceMs, leftMs), work).finally(() => {
          leftMs -= Math.min(sliceMs, performance.now() - begun);
        });
        if (settled !== undefined) return settled.value;
      }
    },
    isOver: () => leftMs <= 0
  };
}

const SLICES = 8;

function within<T>(ms: number, work: Promise<T>): Promise<{ readonly value: T } | undefined> {
  return new Promise((resolve, reject) => {
    // Input that has arrived is read before an immediate runs.
    const timer = setTimeout(() => setImmediate(() => resolve(undefined)), ms);
    work.then(
      (value) => {
        clearTimeout(timer);
        resolve({ value });
      },
      (error: unknown) => {
        clearTimeout(timer);
        reject(error);
      }
    );
  });
}
