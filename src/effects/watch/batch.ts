/** Gathers what comes in quick succession and hands it on at once. */
export interface Batch<Item> {
  /** An item with the key of one that waits takes its place, merged with it. */
  add(key: string, item: Item): void;
  /** Nothing is handed on after it. */
  close(): void;
}

export interface BatchOptions<Item> {
  /** How long it must be quiet before it is handed on, milliseconds. */
  readonly quietMs: number;
  /** How long the first item waits at most, however busy it is, milliseconds. */
  readonly maxWaitMs: number;
  readonly merge: (before: Item, now: Item) => Item;
  readonly flush: (items: readonly Item[]) => void;
}

/** A batch; its timers don't keep the process alive. */
export function batch<Item>(options: BatchOptions<Item>): Batch<Item> {
  let items = new Map<string, Item>();
  let quiet: NodeJS.Timeout | undefined;
  let latest: NodeJS.Timeout | undefined;

  function stop(): void {
    clearTimeout(quiet);
    clearTimeout(latest);
    [quiet, latest] = [undefined, undefined];
  }

  function hand(): void {
    stop();
    const ready = [...items.values()];
    items = new Map();
    options.flush(ready);
  }

  return {
    add(key, item) {
      const before = items.get(key);
      // At the end, so that they are handed on in the order of their last changes.
      items.delete(key);
      items.set(key, before === undefined ? item : options.merge(before, item));
      if (quiet === undefined) quiet = setTimeout(hand, options.quietMs).unref();
      else quiet.refresh();
      latest ??= setTimeout(hand, options.maxWaitMs).unref();
    },
    close() {
      stop();
      items.clear();
    }
  };
}
