import { once } from 'node:events';
import { chmodSync, rmSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { failureOf, MooringError } from '../model/failure.ts';
import {
  hearLines,
  sayLine,
  type Operation,
  type Operations,
  type Question,
  type Reply
} from './protocol.ts';

/** What answers each operation; who asks is known by its connection. */
export type Answers = {
  readonly [Name in Operation]: (
    given: Operations[Name]['given'],
    asker: Socket
  ) => Promise<Operations[Name]['answer']>;
};

export interface SupervisorServer {
  /** Who is connected. */
  readonly askers: ReadonlySet<Socket>;
  /** Takes nobody in any more; those that are connected stay. */
  stop(): void;
}

/**
 * Listens on a unix socket of mode 0600.
 *
 * @param onGone called when an asker has gone, whatever ended it
 * @throws an errno's error; what was left at the path by one that was killed is replaced
 */
export async function serveSupervisor(
  path: string,
  answers: Answers,
  onGone: () => void
): Promise<SupervisorServer> {
  const askers = new Set<Socket>();
  const server = createServer({ allowHalfOpen: false }, (socket) => {
    askers.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => {
      askers.delete(socket);
      onGone();
    });
    hearLines(socket, (value) => {
      void answer(answers, value as Question, socket).then((reply) => sayLine(socket, reply));
    });
  });
  rmSync(path, { force: true });
  server.listen(path);
  await once(server, 'listening');
  chmodSync(path, 0o600);
  return {
    askers,
    stop() {
      // Before anybody can connect to one that will not serve.
      rmSync(path, { force: true });
      server.close();
    }
  };
}

async function answer(answers: Answers, question: Question, asker: Socket): Promise<Reply> {
  const { id, op } = question;
  try {
    if (!Object.hasOwn(answers, op)) {
      throw new MooringError('supervisor.unknown', `the supervisor knows no ${op as string}`);
    }
    // Looked up by its own name, so what is given and what answers agree.
    const work = answers[op] as (given: unknown, asker: Socket) => Promise<unknown>;
    return { id, answer: await work(question.given, asker) };
  } catch (error) {
    return { id, failure: failureOf(error, 'supervisor') };
  }
}
