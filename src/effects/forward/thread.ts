import { extname } from 'node:path';
import { MessageChannel, receiveMessageOnPort, Worker } from 'node:worker_threads';
import { openEventfd, raiseEventfd } from '../../syscalls/eventfd.ts';
import { libc } from '../../syscalls/libc.ts';
import { pendingCalls, reasonText } from '../../syscalls/pending-calls.ts';
import { StepError } from '../../syscalls/step.ts';
import { warm } from '../../syscalls/warm.ts';
import type { ForwardCommand, ForwardReply, ForwardRequest } from './messages.ts';
import type { ForwardWorkerData } from './worker.ts';

/** The thread that forwards. It does not keep the process alive. */
export interface ForwardThread {
  /** Rejects with a {@link StepError}: an errno's name, `gone`, `replaced`, or `threadLost`. */
  ask(command: ForwardCommand): Promise<Omit<ForwardReply, 'id' | 'failure'>>;
  /** Resolves when every connection is closed and the thread has ended. */
  close(): Promise<void>;
}

export interface ForwardThreadOptions {
  readonly udpIdleMs: number;
  readonly flowsMax: number;
  /** It ended by itself. */
  readonly onLost: (error: StepError) => void;
}

// The built file beside this one, or its source where Node runs TypeScript.
const WORKER = new URL(`./worker${extname(import.meta.url)}`, import.meta.url);

export function startForwardThread({
  udpIdleMs,
  flowsMax,
  onLost
}: ForwardThreadOptions): ForwardThread {
  warm();
  const wakeFd = openEventfd();
  const { port1: port, port2 } = new MessageChannel();
  const workerData: ForwardWorkerData = { port: port2, wakeFd, udpIdleMs, flowsMax };
  const worker = new Worker(WORKER, {
    name: 'mooring-forward',
    execArgv: [],
    env: {},
    // Sockets are opened by libc and closed by Node.
    trackUnmanagedFds: false,
    workerData,
    transferList: [port2]
  });
  const calls = pendingCalls<ForwardReply>();
  let isClosing = false;
  let hasEnded = false;
  let reason: unknown = 'ended';

  const send = (request: ForwardRequest) => {
    port.postMessage(request);
    raiseEventfd(wakeFd);
  };
  const end = () => send({ id: 0, command: { op: 'end' } });
  const ended = new Promise<void>((resolve) => {
    worker.once('exit', () => {
      hasEnded = true;
      process.off('exit', end);
      // What it said last may not have been delivered yet.
      for (let last = received(); last !== undefined; last = received()) calls.settle(last);
      port.close();
      libc('close', wakeFd);
      const lost = new StepError(
        'threadLost',
        `the forwarding thread was lost: ${reasonText(reason)}`
      );
      calls.rejectAll(lost);
      resolve();
      if (!isClosing) onLost(lost);
    });
  });
  const received = () =>
    (receiveMessageOnPort(port) as { message: ForwardReply } | undefined)?.message;
  worker.on('error', (error) => (reason = error));
  port.on('message', (reply: ForwardReply) => calls.settle(reply));
  // At the end of the process Node joins the thread, which stands in a system call.
  process.on('exit', end);
  worker.unref();
  port.unref();

  return {
    async ask(command) {
      if (hasEnded || isClosing) {
        throw new StepError('threadLost', 'the forwarding thread has ended');
      }
      // The process stays alive until the answer has come.
      worker.ref();
      try {
        return await calls.begin((id) => send({ id, command }));
      } finally {
        if (calls.isEmpty()) worker.unref();
      }
    },
    async close() {
      if (!isClosing && !hasEnded) end();
      isClosing = true;
      worker.ref();
      await ended;
    }
  };
}
