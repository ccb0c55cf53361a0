/** That a lease was lost: told once, to each who asked to be told. */
export interface Loss {
  /** Made for the first who asks: making one takes as long as a system call, and few look at it. */
  readonly signal: AbortSignal;
  onLost(told: (reason: unknown) => void): void;
  tell(reason: unknown): void;
}

export function loss(): Loss {
  return new Told();
}

/** A class, as a getter costs a literal ten times what the rest of it does. */
class Told implements Loss {
  readonly #listeners: ((reason: unknown) => void)[] = [];
  #controller: AbortController | undefined;
  #lost: { readonly reason: unknown } | undefined;

  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    if (this.#lost !== undefined) this.#controller.abort(this.#lost.reason);
    return this.#controller.signal;
  }

  readonly onLost = (told: (reason: unknown) => void): void => {
    if (this.#lost === undefined) this.#listeners.push(told);
    else told(this.#lost.reason);
  };

  tell(reason: unknown): void {
    if (this.#lost !== undefined) return;
    this.#lost = { reason };
    this.#controller?.abort(reason);
    for (const told of this.#listeners.splice(0)) told(reason);
  }
}

/** The same of a loss that a signal tells. */
export function onAbortOf(signal: AbortSignal): Loss['onLost'] {
  return (told) => {
    const tell = (): void => told(signal.reason);
    if (signal.aborted) tell();
    else signal.addEventListener('abort', tell, { once: true });
  };
}
