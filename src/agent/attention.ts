/** Things that somebody has to look at, each once however often it is called for. */
export interface Attention {
  /** @param reason the first of several is kept */
  callFor(ids: Iterable<string>, reason: string): void;
  /** Resolves when nothing is called for and nobody is looking. */
  idle(): Promise<void>;
  /** Forgets what is called for; what is being looked at goes on to its end. */
  close(): Promise<void>;
}

/**
 * Looks at what is called for, at most `atOnce` at a time; what is called for while it is being
 * looked at is looked at once more.
 *
 * @param look must not reject
 */
export function attention(
  look: (id: string, reason: string) => Promise<void>,
  atOnce: number
): Attention {
  const waiting = new Map<string, string>();
  const looking = new Set<string>();
  const idleWaiters: (() => void)[] = [];

  return {
    callFor(ids, reason) {
      for (const id of ids) if (!waiting.has(id)) waiting.set(id, reason);
      fill();
    },
    idle,
    close() {
      waiting.clear();
      return idle();
    }
  };

  function fill(): void {
    for (const [id, reason] of waiting) {
      if (looking.size >= atOnce) return;
      if (looking.has(id)) continue;
      waiting.delete(id);
      looking.add(id);
      void look(id, reason).finally(() => {
        looking.delete(id);
        fill();
        if (isIdle()) for (const resolve of idleWaiters.splice(0)) resolve();
      });
    }
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
