import type { Netns } from '../../model/container.ts';
import { failureOf, type Failure } from '../../model/failure.ts';
import type { ProcessIdentity } from '../../syscalls/process-identity.ts';
import { StepError } from '../../syscalls/step.ts';
import type {
  FirewallEvent,
  KernelEvent,
  LossEvent,
  NetworkEvent,
  WatchedNetns
} from '../../syscalls/watch-messages.ts';
import { mergedEvents, objectOf } from '../../syscalls/watch-pending.ts';
import { startWatchThread, type WatchThread } from '../../syscalls/watch-thread.ts';
import { batch, type Batch } from './batch.ts';

/** What somebody, perhaps we ourselves, changed: where to look, not how it is by now. */
export type KernelChange = NetworkChange | FirewallEvent | LossEvent;

/** Objects of one kind in one netns, each with its last state. */
export type NetworkChange = {
  readonly [Kind in NetworkEvent['kind']]: {
    readonly kind: Kind;
    /** The key it was added under; `null` is the host's netns. */
    readonly netns: WatchedNetns;
    readonly objects: readonly Extract<NetworkEvent, { readonly kind: Kind }>[];
  };
}[NetworkEvent['kind']];

export interface KernelWatch {
  /**
   * Watches a container's netns too. What was changed before this resolves is not reported: look
   * at it then.
   *
   * A watched netns lives on until it is no longer at its path (which is reported as `netns`,
   * and ends its watch) or is removed here.
   *
   * @param key any; a second netns under the same key takes the place of the first
   * @throws StepError `gone`, `replaced`, an errno's name
   */
  addNetns(key: string, netns: Netns): Promise<void>;
  removeNetns(key: string): Promise<void>;
  /** Reports `exit` once when the process ends, or has ended already. */
  addProcess(key: string, identity: ProcessIdentity): Promise<void>;
  removeProcess(key: string): Promise<void>;
  /** Nothing is reported after it; resolves when no thread and no file is left. */
  close(): Promise<void>;
}

export interface KernelWatchOptions {
  readonly onChange: (change: KernelChange) => void;
  /** A thread was lost and is replaced, or a netns was not found again then; watching goes on. */
  readonly onTrouble: (failure: Failure) => void;
  /** How long a kind of change must be quiet before it is reported, milliseconds; default 50. */
  readonly quietMs?: number;
  /** How long a change waits at most, milliseconds; default 250. */
  readonly maxWaitMs?: number;
}

const QUIET_MS = 50;
const MAX_WAIT_MS = 250;
const RESTART_AFTER_MS = 1_000;

/**
 * Watches links, addresses, routes, the firewall, netns and processes until it is closed, and
 * keeps the process alive so long.
 *
 * Where events were lost `overrun` says so: then everything there must be looked at.
 *
 * @throws StepError an errno's name, `EPERM`
 */
export async function watchKernel(options: KernelWatchOptions): Promise<KernelWatch> {
  const batches = batchesOf(options);
  const netns = new Map<string, Netns>();
  const processes = new Map<string, ProcessIdentity>();
  let restarting: NodeJS.Timeout | undefined;
  let isClosed = false;
  let thread = await start();

  return {
    async addNetns(key, wanted) {
      await orLater(() => thread.addNetns(key, wanted.path, wanted));
      netns.set(key, wanted);
    },
    async removeNetns(key) {
      netns.delete(key);
      await orLater(() => thread.removeNetns(key));
    },
    async addProcess(key, identity) {
      await orLater(() => thread.addProcess(key, identity));
      processes.set(key, identity);
    },
    async removeProcess(key) {
      processes.delete(key);
      await orLater(() => thread.removeProcess(key));
    },
    async close() {
      isClosed = true;
      clearTimeout(restarting);
      for (const one of Object.values(batches)) one.close();
      await thread.close();
    }
  };

  // A thread that was lost is replaced, and the next one is told everything.
  async function orLater(tell: () => Promise<void>): Promise<void> {
    try {
      await tell();
    } catch (error) {
      if (isClosed || !(error instanceof StepError)) throw error;
      if (error.code !== 'threadLost' && error.code !== 'threadClosed') throw error;
    }
  }

  function start(): Promise<WatchThread> {
    return startWatchThread({ onEvents: (events) => events.forEach(note), onLost: restart });
  }

  function note(event: KernelEvent): void {
    if (event.kind === 'netns') netns.delete(event.netns);
    if (event.kind === 'exit') processes.delete(event.key);
    batches[event.kind].add(objectOf(event), event);
  }

  function restart(error: unknown): void {
    if (isClosed) return;
    options.onTrouble(failureOf(error, 'watch', 'watching the kernel'));
    // It keeps the process alive in place of the thread.
    clearTimeout(restarting);
    restarting = setTimeout(() => void again(), RESTART_AFTER_MS);
  }

  async function again(): Promise<void> {
    try {
      thread = await start();
    } catch (error) {
      restart(error);
      return;
    }
    if (isClosed) return thread.close();
    note({ kind: 'overrun', netns: null, of: 'network' });
    note({ kind: 'overrun', netns: null, of: 'firewall' });
    for (const [key, identity] of processes) {
      await orTrouble(key, () => thread.addProcess(key, identity));
    }
    for (const [key, wanted] of netns) {
      await orTrouble(key, () => thread.addNetns(key, wanted.path, wanted));
      note({ kind: 'overrun', netns: key, of: 'network' });
    }
  }

  // When the thread was lost once more, everything is begun again anyway.
  async function orTrouble(key: string, add: () => Promise<void>): Promise<void> {
    try {
      await add();
    } catch (error) {
      options.onTrouble(failureOf(error, 'watch', `watching ${key} again`));
      if (!(error instanceof StepError)) return;
      if (error.code === 'gone' || error.code === 'replaced') {
        note({ kind: 'netns', netns: key, reason: error.code });
      }
    }
  }
}

type Batches = Readonly<Record<KernelEvent['kind'], Batch<KernelEvent>>>;

function batchesOf({
  onChange,
  quietMs = QUIET_MS,
  maxWaitMs = MAX_WAIT_MS
}: KernelWatchOptions): Batches {
  const ofKind = (flush: (events: readonly KernelEvent[]) => void) =>
    batch<KernelEvent>({ quietMs, maxWaitMs, merge: mergedEvents, flush });
  const byNetns = () =>
    ofKind((events) => {
      for (const change of perNetns(events as readonly NetworkEvent[])) onChange(change);
    });
  // Each of these is a change of its own.
  const each = () =>
    ofKind((events) => {
      for (const event of events as readonly (FirewallEvent | LossEvent)[]) onChange(event);
    });
  return {
    link: byNetns(),
    address: byNetns(),
    route: byNetns(),
    firewall: each(),
    exit: each(),
    netns: each(),
    overrun: each()
  };
}

function perNetns(events: readonly NetworkEvent[]): readonly NetworkChange[] {
  const keys = [...new Set(events.map(({ netns }) => netns))];
  return keys.map((netns) => {
    const objects = events.filter((event) => event.netns === netns);
    return { kind: objects[0]!.kind, netns, objects } as NetworkChange;
  });
}
