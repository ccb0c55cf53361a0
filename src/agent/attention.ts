/** Things that somebody has to look at, each once however often it is called for. */
export interface Attention {
  /** @param reason the first of several is kept */
  callFor(ids: Iterable<string>, reason: string): void;
  /** Resolves when nothing is called for and nobody is looking; what is to be looked at again later doesn't count. */
  idle(): Promise<void>;
  /** Forgets what is called for; what is being looked at goes on to its end. */
  close(): Promise<void>;
}

export interface AttentionOptions {
  /**
   * Looks at one thing; must not reject.
   *
   * @returns `again`: what is wrong there could not be put right, and may be put right later
   */
  readonly look: (id: string, reason: string) => Promise<'done' | 'again'>;
  readonly atOnce: number;
  /** Pause before one is looked at again, milliseconds; it doubles each time, to `againMaxMs`. */
  readonly againMs: number;
  readonly againMaxMs: number;
}

/**
 * Looks at what is called for, at most `atOnce` at a time; what is called for while it is being
 * looked at is looked at once more.
 */
export function attention({ look, atOnce, againMs, againMaxMs }: AttentionOptions): Attention {
  const waiting = new Map<string, string>();
  const looking = new Set<string>();
  const idleWaiters: (() => void)[] = [];
  const later = new Map<string, { readonly timer: NodeJS.Timeout; readonly pauseMs: number }>();
  let isClosed = false;

  return {
    callFor,
    idle,
    close() {
      isClosed = true;
      waiting.clear();
      for (const { timer } of later.values()) clearTimeout(timer);
      return idle();
    }
  };

  function callFor(ids: Iterable<string>, reason: string): void {
    if (isClosed) return;
    for (const id of ids) if (!waiting.has(id)) waiting.set(id, reason);
    fill();
  }

  function fill(): void {
    for (const [id, reason] of waiting) {
      if (looking.size >= atOnce) return;
      if (looking.has(id)) continue;
      waiting.delete(id);
      looking.add(id);
      void look(id, reason).then((outcome) => {
        looking.delete(id);
        if (outcome === 'again') lookLater(id, reason);
        else settle(id);
        fill();
        if (isIdle()) for (const resolve of idleWaiters.splice(0)) resolve();
      });
    }
  }

  function lookLater(id: string, reason: string): void {
    const before = later.get(id);
    clearTimeout(before?.timer);
    if (isClosed) return;
    const pauseMs = before === undefined ? againMs : Math.min(before.pauseMs * 2, againMaxMs);
    const timer = setTimeout(() => {
      callFor([id], reason);
    }, pauseMs);
    later.set(id, { timer, pauseMs });
  }

  function settle(id: string): void {
    clearTimeout(later.get(id)?.timer);
    later.delete(id);
  }

  function isIdle(): boolean {
    return waiting.size === 0 && looking.size === 0;
  }

  function idle(): Promise<void> {
    if (isIdle()) return Promise.resolve();
    return new Promise((resolve) => {
      idleWaiters.push(resolve);
    });
  }
}
