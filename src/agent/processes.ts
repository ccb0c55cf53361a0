import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { KernelWatch } from '../effects/watch/kernel.ts';
import type { KeptProcesses } from '../kept-processes.ts';
import { failureOf } from '../model/failure.ts';
import type { ProcessIdentity } from '../syscalls/process-identity.ts';

export interface ProcessWatchDeps {
  readonly kernel: Pick<KernelWatch, 'addProcess' | 'removeProcess'>;
  readonly kept: KeptProcesses;
  /** Containers that are up. */
  readonly containers: () => Iterable<string>;
  /** Writes a container's files, and starts the name server if it is asked for and does not run. */
  readonly refresh: (container: string) => Promise<unknown>;
  readonly log: Logger;
}

/** Starts again what ends and is still needed: keepers of ports, and the name server. */
export interface ProcessWatch {
  /** A container has come to rest with its networks: its keeper may be another one now. */
  follow(container: string): void;
  drop(container: string): void;
  /** A process ended that was watched under this key. */
  ended(key: string): void;
  /** Starts nothing more, and resolves when nothing is under way. */
  close(): Promise<void>;
}

const NAMES = 'names';
const PORTS = 'ports/';

/** One that ends again so soon is started again only then. */
const AGAIN_AFTER_MS = 5_000;

export function processWatch(deps: ProcessWatchDeps): ProcessWatch {
  const { kernel, kept, containers, refresh, log } = deps;
  const closing = new AbortController();
  const watched = new Map<string, ProcessIdentity>();
  const startedAt = new Map<string, number>();
  /** The end of what is to be done for each key, one thing after the other. */
  const tails = new Map<string, Promise<void>>();

  return {
    follow(container) {
      enqueue(`${PORTS}${container}`, () => watchKeeper(container));
      enqueue(NAMES, watchServer);
    },

    drop(container) {
      const key = `${PORTS}${container}`;
      startedAt.delete(key);
      enqueue(key, () => watchInstead(key, undefined));
    },

    ended(key) {
      watched.delete(key);
      enqueue(key, async () => {
        await pauseOf(key);
        if (key === NAMES) await serveAgain();
        else await keepAgain(key.slice(PORTS.length));
      });
    },

    async close() {
      closing.abort();
      await Promise.all(tails.values());
    }
  };

  async function keepAgain(container: string): Promise<void> {
    if (await kept.keepPorts(container, closing.signal)) {
      startedAt.set(`${PORTS}${container}`, performance.now());
      log.info({ container }, 'host ports are kept bound again: the process that did so had ended');
    }
    await watchKeeper(container);
  }

  /** Any container's files will do: the server serves them all. */
  async function serveAgain(): Promise<void> {
    for (const container of containers()) {
      closing.signal.throwIfAborted();
      if (kept.nameServer() !== undefined || !kept.wantsNameServer()) break;
      startedAt.set(NAMES, performance.now());
      await refresh(container);
      log.info({ container }, 'the name server was started again: it had ended');
    }
    await watchServer();
  }

  async function watchKeeper(container: string): Promise<void> {
    await watchInstead(`${PORTS}${container}`, await kept.portKeeper(container));
  }

  async function watchServer(): Promise<void> {
    await watchInstead(NAMES, kept.nameServer());
  }

  async function watchInstead(key: string, now: ProcessIdentity | undefined): Promise<void> {
    const before = watched.get(key);
    if (before?.pid === now?.pid && before?.startTicks === now?.startTicks) return;
    if (now === undefined) {
      watched.delete(key);
      await kernel.removeProcess(key);
    } else {
      watched.set(key, now);
      await kernel.addProcess(key, now);
    }
  }

  async function pauseOf(key: string): Promise<void> {
    const leftMs = (startedAt.get(key) ?? -Infinity) + AGAIN_AFTER_MS - performance.now();
    if (leftMs > 0) await delay(leftMs, undefined, { signal: closing.signal });
  }

  function enqueue(key: string, work: () => Promise<void>): void {
    const tail = (tails.get(key) ?? Promise.resolve()).then(async () => {
      try {
        if (!closing.signal.aborted) await work();
      } catch (error) {
        if (closing.signal.aborted) return;
        log.error({ failure: failureOf(error, 'agent') }, `keeping the process of ${key}`);
      } finally {
        if (tails.get(key) === tail) tails.delete(key);
      }
    });
    tails.set(key, tail);
  }
}
