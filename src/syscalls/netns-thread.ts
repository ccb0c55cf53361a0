import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { NetnsAnswer, NetnsCall, NetnsReply, NetnsRequest } from './netns-messages.ts';
import type { NetnsIdentity } from './nsfs.ts';
import type { ObservedNetwork } from './observe.ts';
import { StepError } from './step.ts';
import { warm } from './warm.ts';

/**
 * The thread that enters namespaces, so that no other has to.
 *
 * All calls reject with a {@link StepError}: an errno's name, `badPath`, `noProcess`, `isHost`,
 * `replaced`, `gone`, or `threadLost` when the thread ended at the call; the next call then
 * gets a new thread.
 */
export interface NetnsThread {
  /**
   * Makes a netns, or takes that of a process, sets its `lo` up and mounts it on a plain file.
   *
   * @param path absolute; the file must exist and be no link
   * @param origin process whose netns it is; `startTime` is field 22 of its stat, proc(5)
   */
  create(path: string, origin?: ProcessOrigin): Promise<NetnsIdentity>;

  /** What the kernel holds in the netns at `path`, if it is the expected one. */
  observe(path: string, expected: NetnsIdentity): Promise<ObservedNetwork>;

  /**
   * Sets a parameter in the netns at `path`, if it is the expected one.
   *
   * @param name below `/proc/sys`: `net/ipv6/conf/default/accept_dad`
   * @returns what it was before
   */
  setSysctl(path: string, expected: NetnsIdentity, name: string, value: string): Promise<string>;

  /** Lets pending calls finish, then ends the thread. Calls after it reject with `threadClosed`. */
  close(): Promise<void>;
}

export type ProcessOrigin = NonNullable<Extract<NetnsCall, { op: 'create' }>['origin']>;

/** Costs nothing until the first call. An idle thread does not keep the process alive. */
export function startNetnsThread(): NetnsThread {
  let running: RunningWorker | undefined;
  let isClosed = false;

  async function ask(call: NetnsCall): Promise<NetnsSuccess> {
    if (isClosed) throw new StepError('threadClosed', `${call.op} ${call.path}: already closed`);
    running ??= startWorker(() => (running = undefined));
    return running.ask(call);
  }

  return {
    create: async (path, origin) =>
      identityIn(await ask({ op: 'create', path, ...(origin && { origin }) })),
    observe: async (path, { device, inode }) =>
      networkIn(await ask({ op: 'observe', path, device, inode })),
    setSysctl: async (path, { device, inode }, name, value) =>
      beforeIn(await ask({ op: 'setSysctl', path, device, inode, name, value })),
    async close() {
      isClosed = true;
      await running?.stop();
    }
  };
}

type NetnsSuccess = Exclude<NetnsAnswer, { readonly failure: unknown }>;

// The worker answers each call with what its name promises.
function identityIn(answer: NetnsSuccess): NetnsIdentity {
  return (answer as { readonly identity: NetnsIdentity }).identity;
}

function networkIn(answer: NetnsSuccess): ObservedNetwork {
  return (answer as { readonly network: ObservedNetwork }).network;
}

function beforeIn(answer: NetnsSuccess): string {
  return (answer as { readonly before: string }).before;
}

// The built file beside this one, or its source where Node runs TypeScript.
const WORKER = new URL(`./netns-worker${extname(import.meta.url)}`, import.meta.url);

interface RunningWorker {
  ask(call: NetnsCall): Promise<NetnsSuccess>;
  stop(): Promise<void>;
}

function startWorker(onExit: () => void): RunningWorker {
  warm();
  const worker = new Worker(WORKER, { name: 'mooring-netns', execArgv: [], env: {} });
  const calls = pendingCalls(worker);
  let reason: unknown = 'ended';
  worker.on('message', ({ id, ...answer }: NetnsReply) => calls.settle(id, answer));
  worker.on('error', (error) => (reason = error));
  worker.on('exit', () => {
    onExit();
    calls.rejectAll(reason);
  });

  return {
    ask: (call) => calls.ask(call),
    async stop() {
      await calls.settled();
      await worker.terminate();
    }
  };
}

interface Pending {
  readonly call: NetnsCall;
  readonly done: Promise<NetnsSuccess>;
  readonly resolve: (answer: NetnsSuccess) => void;
  readonly reject: (error: StepError) => void;
}

/** Calls that wait for a reply; the worker keeps the process alive while there are any. */
function pendingCalls(worker: Worker) {
  const pending = new Map<number, Pending>();
  let lastId = 0;
  worker.unref();

  function take(id: number): Pending | undefined {
    const call = pending.get(id);
    pending.delete(id);
    if (pending.size === 0) worker.unref();
    return call;
  }

  return {
    ask(call: NetnsCall): Promise<NetnsSuccess> {
      const id = ++lastId;
      const waiting = newPending(call);
      if (pending.size === 0) worker.ref();
      pending.set(id, waiting);
      worker.postMessage({ id, call } satisfies NetnsRequest);
      return waiting.done;
    },
    settle(id: number, answer: NetnsAnswer): void {
      const waiting = take(id);
      if (!('failure' in answer)) waiting?.resolve(answer);
      else waiting?.reject(new StepError(answer.failure.code, answer.failure.message));
    },
    rejectAll(reason: unknown): void {
      for (const [id, { call, reject }] of [...pending]) {
        take(id);
        reject(lost(call, reason));
      }
    },
    async settled(): Promise<void> {
      await Promise.allSettled([...pending.values()].map(({ done }) => done));
    }
  };
}

function newPending(call: NetnsCall): Pending {
  const { promise, resolve, reject } = withResolvers<NetnsSuccess>();
  return { call, done: promise, resolve, reject };
}

// Promise.withResolvers() is not in Node 20.
function withResolvers<Value>() {
  let resolve!: (value: Value) => void;
  let reject!: (error: StepError) => void;
  const promise = new Promise<Value>((onValue, onError) => {
    resolve = onValue;
    reject = onError;
  });
  return { promise, resolve, reject };
}

function lost({ op, path }: NetnsCall, reason: unknown): StepError {
  const why = reason instanceof Error ? reason.message : String(reason);
  return new StepError('threadLost', `${op} ${path}: the netns thread was lost: ${why}`, {
    cause: reason
  });
}
