/** A step of a process with a lock; see `check.mjs`. */
export interface Step {
  readonly what: string;
  readonly process: string;
  readonly key: string;
  readonly token: number;
  readonly from: number;
  readonly at: number;
}

export function check(steps: readonly Step[]): string[];
