import { expect } from 'vitest';
import { journalMatchers, type ToDivergeAt, type ToReplay } from './matchers.ts';

expect.extend(journalMatchers);

declare module 'vitest' {
  // The parameter must be named as vitest names it.
  // eslint-disable-next-line @typescript-eslint/no-unused-vars, @typescript-eslint/no-explicit-any
  interface Matchers<T = any> {
    /** Whether the charts do what the journal says. */
    toReplay(options?: ToReplay): void;
    /** Whether they do it up to a record, and not that one: its `seq`, or `container/web 12`. */
    toDivergeAt(where: number | string, options?: ToDivergeAt): void;
  }
}
