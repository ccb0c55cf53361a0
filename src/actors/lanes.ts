/** A limited number of places; who comes when all are taken waits in line. */
export interface Lane {
  run<T>(task: () => Promise<T>): Promise<T>;
}

/** @param places at least 1 */
export function lane(places: number): Lane {
  const waiting: (() => void)[] = [];
  let free = places;

  return {
    async run(task) {
      if (free > 0) free -= 1;
      else await new Promise<void>((resolve) => waiting.push(resolve));
      try {
        return await task();
      } finally {
        // The place is handed over, so nobody who comes now can take it first.
        const next = waiting.shift();
        if (next) next();
        else free += 1;
      }
    }
  };
}
