import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';

export interface ServerOptions {
  /** A port on 127.0.0.1; else a socket alone. */
  readonly port?: number;
  /** Further settings, as on its command line. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Seconds by which its clock is ahead. */
  readonly aheadS?: number;
  /** Words in front of the command: `ip netns exec a`. */
  readonly within?: readonly string[];
  /** Where it listens besides, as `--bind`; 127.0.0.1 unless given. */
  readonly bind?: string;
}

/** A redis-server process of a test's own. */
export interface Server {
  readonly dir: string;
  readonly url: string;
  readonly pid: () => number;
  /** A client for looking and setting up. */
  readonly admin: Redis;
  /** SIGKILL; nothing is written any more. */
  kill(): Promise<void>;
  /** @param changes from here on */
  start(changes?: Partial<ServerOptions>): Promise<void>;
  freeze(): void;
  thaw(): void;
  dispose(): Promise<void>;
}

const DATEFUDGE = '/usr/lib/x86_64-linux-gnu/datefudge/datefudge.so';

/** Debian's redis-tools has the server's binary, under the name of one of its other uses. */
export function serverBinary(dir: string): string {
  const link = join(dir, 'redis-server');
  const file = ['/usr/bin/redis-server', '/usr/bin/redis-check-rdb'].find((one) => existsSync(one));
  if (file === undefined) throw new Error('no redis-server here: install redis-tools');
  if (!existsSync(link)) symlinkSync(file, link);
  return link;
}

export async function startServer(options: ServerOptions = {}): Promise<Server> {
  const dir = mkdtempSync(join(tmpdir(), 'mr-'));
  const socket = join(dir, 's');
  const url = options.port ? `redis://127.0.0.1:${options.port}` : `redis+unix://${socket}`;
  let current = options;
  let child: ChildProcess | undefined;
  const admin = new Redis(socket, {
    lazyConnect: true,
    enableReadyCheck: false,
    retryStrategy: () => 20,
    maxRetriesPerRequest: null
  });
  admin.on('error', () => undefined);

  const server: Server = {
    dir,
    url,
    admin,
    pid: () => child!.pid!,
    async kill() {
      const ended = once(child!, 'exit');
      child!.kill('SIGKILL');
      await ended;
      rmSync(socket, { force: true });
    },
    async start(changes = {}) {
      current = { ...current, ...changes };
      child = spawnServer(dir, socket, current);
      await answers(admin, child);
    },
    freeze: () => child!.kill('SIGSTOP'),
    thaw: () => child!.kill('SIGCONT'),
    async dispose() {
      admin.disconnect();
      if (child?.exitCode === null && child.signalCode === null) await server.kill();
      rmSync(dir, { recursive: true, force: true });
    }
  };
  await server.start();
  return server;
}

function spawnServer(dir: string, socket: string, options: ServerOptions): ChildProcess {
  const { port = 0, settings = {}, aheadS, within = [], bind = '127.0.0.1' } = options;
  const all = {
    port: String(port),
    bind,
    unixsocket: socket,
    dir,
    save: '',
    daemonize: 'no',
    'enable-debug-command': 'yes',
    ...settings
  };
  const args = Object.entries(all).flatMap(([name, value]) => [`--${name}`, value]);
  const [program, ...rest] = [
    ...within,
    // It ends with this process, whatever becomes of that.
    ...['setpriv', '--pdeathsig', 'KILL'],
    serverBinary(dir),
    ...args
  ];
  return spawn(program!, rest, {
    stdio: 'ignore',
    env: {
      PATH: process.env['PATH'],
      ...(aheadS !== undefined && { LD_PRELOAD: DATEFUDGE, DATEFUDGE: String(-aheadS) })
    }
  });
}

/** Waits until it takes commands. */
async function answers(admin: Redis, child: ChildProcess): Promise<void> {
  const gone = once(child, 'exit').then(([code]) => {
    throw new Error(`redis-server ended with ${String(code)}`);
  });
  gone.catch(() => undefined);
  const ready = async () => {
    if (admin.status === 'wait') await admin.connect().catch(() => undefined);
    while ((await admin.ping().catch(() => 'no')) !== 'PONG');
  };
  await Promise.race([ready(), gone]);
}

/** Ports that nobody listens on now. */
export async function freePorts(count: number): Promise<readonly number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer().listen(0, '127.0.0.1');
      await once(server, 'listening');
      return server;
    })
  );
  const ports = servers.map((server) => (server.address() as { port: number }).port);
  await Promise.all(servers.map((server) => once(server.close(), 'close')));
  return ports;
}

export function bootId(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
}
