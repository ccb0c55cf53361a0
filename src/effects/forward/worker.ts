import { receiveMessageOnPort, workerData, type MessagePort } from 'node:worker_threads';
import { EPOLLIN } from '../../syscalls/epoll.ts';
import { clearEventfd } from '../../syscalls/eventfd.ts';
import { StepError } from '../../syscalls/step.ts';
import type { ForwardCounters } from './forwarder.ts';
import { openGroup, type Group } from './group.ts';
import { openLoop } from './loop.ts';
import type { ForwardCommand, ForwardReply, ForwardRequest, Listener } from './messages.ts';
import { hearConnections } from './tcp.ts';
import { hearDatagrams } from './udp.ts';

// Runs in the thread that `thread.ts` starts. It stands in epoll_wait(2) and never comes back to
// Node's event loop: messages to it are fetched when the eventfd says that there are some.

/** What the thread is given at its start. */
export interface ForwardWorkerData {
  readonly port: MessagePort;
  /** An eventfd that is raised after each message to the thread. */
  readonly wakeFd: number;
  readonly udpIdleMs: number;
  readonly flowsMax: number;
}

const { port, wakeFd, udpIdleMs, flowsMax } = workerData as ForwardWorkerData;
const groups = new Map<string, Group>();
let isEnding = false;

// Not while the module is still being evaluated: an error must reach the main thread as one.
setImmediate(() => {
  const loop = openLoop();
  try {
    loop.watch(wakeFd, EPOLLIN, obey);
    loop.run(() => isEnding);
  } finally {
    for (const group of groups.values()) group.end();
    loop.close();
    port.close();
  }

  function obey(): void {
    clearEventfd(wakeFd);
    for (;;) {
      const received = receiveMessageOnPort(port) as { message: ForwardRequest } | undefined;
      if (received === undefined) return;
      const { id, command } = received.message;
      port.postMessage({ id, ...answer(command) } satisfies ForwardReply);
    }
  }

  function answer(command: ForwardCommand): Omit<ForwardReply, 'id'> {
    try {
      return perform(command);
    } catch (error) {
      // Not caught by anybody, it ends the thread: nothing goes on from a wrong netns.
      if (!(error instanceof StepError) || error.code === 'stranded') throw error;
      return { failure: { code: error.code, message: error.message } };
    }
  }

  function perform(command: ForwardCommand): Omit<ForwardReply, 'id'> {
    switch (command.op) {
      case 'listen':
        groups.set(command.container, groupOf(command.listeners));
        return {};
      case 'aim':
        groups.get(command.container)?.aim(command.aim);
        return {};
      case 'withdraw':
        groups.get(command.container)?.end();
        groups.delete(command.container);
        return {};
      case 'counters':
        return { counters: countersOf(groups) };
      case 'end':
        isEnding = true;
        return {};
    }
  }

  function groupOf(listeners: readonly Listener[]): Group {
    const group = openGroup(flowsMax);
    for (const listener of listeners) {
      group.hear(
        listener.protocol === 'tcp'
          ? hearConnections(loop, group, listener)
          : hearDatagrams(loop, group, listener, { idleMs: udpIdleMs })
      );
    }
    return group;
  }
});

function countersOf(of: ReadonlyMap<string, Group>): ReadonlyMap<string, ForwardCounters> {
  return new Map([...of].map(([container, { counters }]) => [container, { ...counters }]));
}
