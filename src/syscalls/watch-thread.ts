import { extname } from 'node:path';
import {
  MessageChannel,
  receiveMessageOnPort,
  Worker,
  type MessagePort
} from 'node:worker_threads';
import { openEventfd, raiseEventfd } from './eventfd.ts';
import { libc } from './libc.ts';
import type { NetnsIdentity } from './nsfs.ts';
import type { ProcessIdentity } from './process-identity.ts';
import { pendingCalls, reasonText } from './pending-calls.ts';
import { StepError } from './step.ts';
import { warm } from './warm.ts';
import type {
  KernelEvent,
  WatchCommand,
  WatchMessage,
  WatchReply,
  WatchRequest
} from './watch-messages.ts';
import type { WatchWorkerData } from './watch-worker.ts';

/**
 * The thread that waits for the kernel. It keeps the process alive until it is closed.
 *
 * Calls reject with a {@link StepError}: an errno's name, `gone`, `replaced`, or `threadLost`.
 */
export interface WatchThread {
  /**
   * Watches another netns under a key, from when this resolves; in place of one with that key.
   *
   * A watched netns lives on until it is removed here or is no longer at its path.
   */
  addNetns(key: string, path: string, expected: NetnsIdentity): Promise<void>;
  removeNetns(key: string): Promise<void>;
  /** Reports `exit` once, also when the process has ended before. */
  addProcess(key: string, identity: ProcessIdentity): Promise<void>;
  removeProcess(key: string): Promise<void>;
  /** Resolves when the thread has ended and its files are closed. */
  close(): Promise<void>;
}

export interface WatchThreadOptions {
  readonly onEvents: (events: readonly KernelEvent[]) => void;
  /** The thread ended by itself, and nothing is watched any more. */
  readonly onLost: (error: StepError) => void;
}

/**
 * Starts to watch the host's netns, its firewall, and the mounts.
 *
 * @throws {@link StepError} when it can't, as without permission
 */
export async function startWatchThread(options: WatchThreadOptions): Promise<WatchThread> {
  warm();
  const wakeFd = openEventfd();
  const { port1: port, port2 } = new MessageChannel();
  const workerData: WatchWorkerData = { port: port2, wakeFd };
  const worker = new Worker(WORKER, {
    name: 'mooring-watch',
    execArgv: [],
    env: {},
    workerData,
    transferList: [port2]
  });
  const calls = pendingCalls<WatchReply>();
  const send = (request: WatchRequest) => tell(port, wakeFd, request);
  let isClosing = false;
  let reason: unknown = 'ended';

  const ask = async (command: WatchCommand): Promise<void> => {
    if (isClosing) throw new StepError('threadClosed', 'the watch is closed');
    await calls.begin((id) => send({ id, command }));
  };
  const hear = (message: WatchMessage) => {
    if (!('events' in message)) calls.settle(message);
    else if (!isClosing) {
      send({ id: 0, command: { op: 'taken' } });
      options.onEvents(message.events);
    }
  };
  const end = () => send({ id: 0, command: { op: 'end' } });
  const ended = new Promise<void>((resolve) => {
    worker.once('exit', () => {
      process.off('exit', end);
      // What it said last may not have been delivered yet.
      for (let last = received(port); last !== undefined; last = received(port)) hear(last);
      port.close();
      libc('close', wakeFd);
      const lost = new StepError('threadLost', `the watch thread was lost: ${reasonText(reason)}`);
      calls.rejectAll(lost);
      resolve();
      if (!isClosing) options.onLost(lost);
      // From here on the number of the eventfd may be another file's.
      isClosing = true;
    });
  });
  worker.on('error', (error) => (reason = error));
  port.on('message', hear);
  // At the end of the process Node joins the thread, which stands in a system call.
  process.on('exit', end);

  const thread: WatchThread = {
    addNetns: (key, path, { device, inode }) => ask({ op: 'addNetns', key, path, device, inode }),
    removeNetns: (key) => ask({ op: 'removeNetns', key }),
    addProcess: (key, { pid, startTicks }) => ask({ op: 'addProcess', key, pid, startTicks }),
    removeProcess: (key) => ask({ op: 'removeProcess', key }),
    async close() {
      if (!isClosing) end();
      isClosing = true;
      await ended;
    }
  };
  return calls
    .begin(() => undefined, 0)
    .then(
      () => thread,
      async (error: unknown) => {
        await thread.close();
        throw error;
      }
    );
}

// The built file beside this one, or its source where Node runs TypeScript.
const WORKER = new URL(`./watch-worker${extname(import.meta.url)}`, import.meta.url);

function tell(port: MessagePort, wakeFd: number, request: WatchRequest): void {
  port.postMessage(request);
  raiseEventfd(wakeFd);
}

function received(port: MessagePort): WatchMessage | undefined {
  return (receiveMessageOnPort(port) as { message: WatchMessage } | undefined)?.message;
}
