import { expect } from 'vitest';
import type { Background } from '../sandbox/background.ts';
import { NODE, SEEN_AT } from '../sandbox/sandbox.ts';
import { RUNTIME_DIR, type User } from '../sandbox/user.ts';

/** A program that stays and does what it is told, as the root of a user namespace of the user's. */
export interface Controlled {
  readonly process: Background;
  /** Directory of its own, there until {@link remove}. */
  readonly directory: string;
  answered(op: string, rest?: object): Promise<Answer>;
  /** @returns what it answered; it must not refuse */
  told(op: string, rest?: object): Promise<unknown>;
  /** Ends it, if it has not ended. */
  remove(): Promise<void>;
}

export interface Answer {
  readonly value?: unknown;
  readonly code?: string;
  readonly message?: string;
}

const PRIVATE = ['unshare', '--user', '--map-auto', '--map-root-user', '--mount'];

/**
 * @param fixture in `test/rootless`, which uses `control.fixture.mjs`
 * @param name of its directory
 */
export async function startControlled(
  user: User,
  fixture: string,
  name = fixture
): Promise<Controlled> {
  const directory = `${RUNTIME_DIR}/${name}`;
  await user.run(['mkdir', '-m', '700', directory]);
  const process = await user.start([
    ...[...PRIVATE, 'setpriv', '--pdeathsig', 'KILL'],
    ...['env', 'PATH=/usr/sbin:/usr/bin:/sbin:/bin'],
    ...[NODE, `${SEEN_AT}/test/rootless/${fixture}`, directory]
  ]);
  await process.line(/^ready$/);

  const answered: Controlled['answered'] = async (op, rest = {}) => {
    const request = JSON.stringify({ op, ...rest });
    const argv = [NODE, '-e', ASK, `${directory}/control`, request];
    const { stdout, stderr } = await user.host.run(argv);
    if (stdout === '') throw new Error(`no answer to ${request}: ${stderr}`);
    return JSON.parse(stdout) as Answer;
  };

  return {
    process,
    directory,
    answered,
    async told(op, rest) {
      const { value, ...failure } = await answered(op, rest);
      expect({ op, failure }).toEqual({ op, failure: {} });
      return value;
    },
    async remove() {
      await process.kill('SIGKILL');
      await process.done;
      await user.run(['rm', '-rf', directory]);
    }
  };
}

const ASK = `
  const [path, request] = process.argv.slice(1);
  const socket = require('node:net').connect(path, () => socket.end(request));
  socket.pipe(process.stdout);
`;
