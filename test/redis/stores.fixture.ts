import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { parseAddress } from '../../src/store/redis/address.ts';
import { connect, type Connection } from '../../src/store/redis/connection.ts';
import { redisStore, type RedisOptions, type RedisStore } from '../../src/store/redis/redis.ts';

let prefixes = 0;

/** Keys of one test's own, so that tests may share a server. */
export function ownUrl(url: string, options = ''): string {
  prefixes += 1;
  const joint = url.includes('?') ? '&' : '?';
  return `${url}${joint}prefix=p${process.pid}.${prefixes}${options && `&${options}`}`;
}

export interface Opened {
  readonly store: RedisStore;
  readonly connection: Connection;
}

const all: Opened[] = [];

/** Closes what {@link opened} has opened, while its server is still there. */
export async function closeOpened(): Promise<void> {
  for (const { store, connection } of all.splice(0)) {
    await store.close();
    connection.close();
  }
}

/** One more process of a host, in this one. */
export function opened(url: string, options: Partial<RedisOptions> = {}): Opened {
  const connection = connect(parseAddress(url));
  const store = redisStore({ connection, host: 'a', ...options });
  all.push({ store, connection });
  return { store, connection };
}

const WORKER = fileURLToPath(new URL('worker.fixture.mjs', import.meta.url));

export interface Worker {
  readonly child: ChildProcess;
  /** The next line it says. */
  next(): Promise<string>;
}

/** One more process, really. It is killed when the test is over. */
export function worker(role: string, url: string, host: string, argument = ''): Worker {
  const child = spawn(process.execPath, [WORKER, role, url, host, argument], {
    stdio: ['ignore', 'pipe', 'inherit']
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  return { child, next: async () => String((await lines.next()).value) };
}

/** How an attempt ended, `done` or a code, and how long it took. */
export async function timed(work: Promise<unknown>): Promise<{ code: unknown; ms: number }> {
  const begun = performance.now();
  const code = await work.then(
    () => 'done',
    (error: unknown) => (error as { code: unknown }).code
  );
  return { code, ms: performance.now() - begun };
}

/** Of several attempts, as this machine may be busy with something else during one. */
export async function quickest(work: () => Promise<unknown>) {
  const attempts = [];
  for (let round = 0; round < 5; round += 1) attempts.push(await timed(work()));
  return {
    codes: [...new Set(attempts.map(({ code }) => code))],
    ms: Math.min(...attempts.map(({ ms }) => ms))
  };
}
