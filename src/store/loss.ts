/** That a lease was lost: told once, to each who asked to be told. */
export interface Loss {
  /** Made for the first who asks: making one takes as long as a system call, and few look at it. */
  readonly signal: AbortSignal;
  onLost(told: (reason: unknown) => void): void;
  tell(reason: unknown): void;
}

export function loss(): Loss {
  const listeners: ((reason: unknown) => void)[] = [];
  let controller: AbortController | undefined;
  let lost: { readonly reason: unknown } | undefined;

  return {
    get signal() {
      controller ??= new AbortController();
      if (lost !== undefined) controller.abort(lost.reason);
      return controller.signal;
    },

    onLost(told) {
      if (lost === undefined) listeners.push(told);
      else told(lost.reason);
    },

    tell(reason) {
      if (lost !== undefined) return;
      lost = { reason };
      controller?.abort(reason);
      for (const told of listeners.splice(0)) told(reason);
    }
  };
}

/** The same of a loss that a signal tells. */
export function onAbortOf(signal: AbortSignal): Loss['onLost'] {
  return (told) => {
    const tell = (): void => told(signal.reason);
    if (signal.aborted) tell();
    else signal.addEventListener('abort', tell, { once: true });
  };
}
