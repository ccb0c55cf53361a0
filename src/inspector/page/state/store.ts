import { useEffect, useRef, useState } from 'preact/hooks';

/** A value that is shown in several places, and told of when it changes. */
export interface Store<Value> {
  get(): Value;
  set(value: Value): void;
  subscribe(listener: (value: Value) => void): () => void;
}

export function store<Value>(first: Value): Store<Value> {
  let value = first;
  const listeners = new Set<(value: Value) => void>();
  return {
    get: () => value,
    set(next) {
      if (Object.is(next, value)) return;
      value = next;
      for (const listener of [...listeners]) listener(next);
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    }
  };
}

export function useStore<Value>(source: Store<Value>): Value {
  const [value, setValue] = useState(source.get());
  useEffect(() => {
    // It may have changed between the first drawing and now.
    setValue(() => source.get());
    return source.subscribe((next) => setValue(() => next));
  }, [source]);
  return value;
}

/** Something that is asked for and comes later. */
export interface Pending<Value> {
  /** The last that came, perhaps for what was asked before; absent: none yet. */
  readonly value?: Value;
  readonly error?: string;
  readonly isWaiting: boolean;
}

/**
 * Asks again whenever one of `on` changes. An answer is shown unless a later one was: while a large
 * file is read there is always a newer question.
 */
export function useAsked<Value>(ask: () => Promise<Value>, on: readonly unknown[]): Pending<Value> {
  const [pending, setPending] = useState<Pending<Value>>({ isWaiting: true });
  const numbers = useRef({ asked: 0, shown: 0 }).current;
  useEffect(() => () => void (numbers.shown = Infinity), []);
  useEffect(() => {
    const number = ++numbers.asked;
    const show = (answer: Omit<Pending<Value>, 'isWaiting'>): void => {
      if (number < numbers.shown) return;
      numbers.shown = number;
      setPending({ ...answer, isWaiting: number < numbers.asked });
    };
    setPending((before) => ({ ...before, isWaiting: true }));
    ask().then(
      (value) => show({ value }),
      (error: unknown) => show({ error: error instanceof Error ? error.message : String(error) })
    );
  }, on);
  return pending;
}
