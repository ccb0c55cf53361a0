import { accessSync, constants, existsSync, readdirSync, readFileSync } from 'node:fs';
import { renameSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { withEntry, withoutEntry } from '../../model/aardvark.ts';
import { MooringError } from '../../model/failure.ts';
import { parseNetworkName } from '../../model/names.ts';
import type { EffectContext } from '../effects.ts';
import { prepareFolder } from '../files/folder.ts';
import type { SharedLock } from '../networks/plugin-lock.ts';
import type { RunProcess } from '../process/run.ts';
import type { Served } from './served.ts';

export interface NameServerOptions {
  /** In a directory that a boot empties: its files and the server's pid file. */
  readonly dir: string;
  /** Absolute path of aardvark-dns; `undefined` where it is not installed. */
  readonly file: string | undefined;
  readonly run: RunProcess;
  readonly lock: SharedLock;
  /** How long it may take to start, or to end. */
  readonly timeoutMs: number;
}

/** One aardvark-dns for all networks of a root that ask for a name server. */
export interface NameServer {
  readonly isInstalled: boolean;
  /**
   * Lets a container be found under these names on these networks and on no other.
   *
   * The server is started with the first entry, or again when it has been killed.
   *
   * @throws MooringError `dns.serverFailed`
   */
  publish(entry: Published, context: Pick<EffectContext, 'operation' | 'signal'>): Promise<void>;
  /** Forgets a container; with the last one the server ends. Doing it again is nothing. */
  withdraw(container: string): Promise<void>;
  /** Its process, when it runs. */
  serverPid(): number | undefined;
  /** Whether anybody is to be found, be it running or not. */
  hasEntries(): boolean;
}

export interface Published {
  readonly container: string;
  readonly networks: readonly (Served & { readonly names: readonly string[] })[];
  /** Whom it is to ask for this container what no network knows, `--dns`. */
  readonly asks: readonly string[];
}

const PROGRAM_DIRS = [
  '/usr/local/libexec/podman',
  '/usr/libexec/podman',
  '/usr/local/lib/podman',
  '/usr/lib/podman'
];
const PORT = '53';
const PID_FILE = 'aardvark.pid';

/** Where podman looks for it. */
export function findAardvark(): string | undefined {
  const files = PROGRAM_DIRS.map((dir) => join(dir, 'aardvark-dns'));
  return files.find((file) => {
    try {
      accessSync(file, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

export function nameServer({ dir, file, run, lock, timeoutMs }: NameServerOptions): NameServer {
  const config = join(dir, 'networks');
  return {
    isInstalled: file !== undefined,
    async publish({ container, networks, asks }, context) {
      if (networks.length === 0 && !existsSync(config)) return;
      await lock.exclusive(async () => {
        [dir, config].forEach(prepareFolder);
        const entries = new Map(networks.map((served) => [served.network, served]));
        const changed = [...new Set([...networkFiles(), ...entries.keys()])].map((network) => {
          const [before, served] = [textOf(network), entries.get(network)];
          const after =
            served === undefined
              ? withoutEntry(before, container)
              : withEntry(before, served.servers, { ...served, container, servers: asks });
          return replace(network, before, after);
        });
        await settle(changed.includes(true), context);
      }, context.signal);
    },
    async withdraw(container) {
      if (!existsSync(config)) return;
      const signal = AbortSignal.timeout(timeoutMs);
      await lock.exclusive(async () => {
        if (!existsSync(config)) return;
        const changed = networkFiles().map((network) => {
          const before = textOf(network);
          return replace(network, before, withoutEntry(before, container));
        });
        await settle(changed.includes(true), undefined);
      }, signal);
    },
    serverPid: () => serverPid(),
    hasEntries: () => existsSync(config) && networkFiles().length > 0
  };

  /** Without a context nothing is started: who goes needs no server. */
  async function settle(
    hasChanged: boolean,
    context: Pick<EffectContext, 'operation' | 'signal'> | undefined
  ): Promise<void> {
    const pid = serverPid();
    if (networkFiles().length === 0) {
      if (pid !== undefined) await end(pid);
      rmSync(dir, { recursive: true, force: true });
    } else if (pid !== undefined) {
      if (hasChanged) send(pid, 'SIGHUP');
    } else if (context !== undefined) {
      await start(context);
    }
  }

  async function start(context: Pick<EffectContext, 'operation' | 'signal'>): Promise<void> {
    if (file === undefined) throw failed('aardvark-dns is not installed');
    const args = ['--config', config, '--port', PORT, 'run'];
    const limits = { timeoutMs, graceMs: timeoutMs };
    const exit = await run({ file, args, env: {}, stdin: '', ...limits, ...context });
    if (serverPid() !== undefined) return;
    const said = exit.spawnError?.message ?? exit.stderr.trim();
    throw failed(`aardvark-dns did not start${said === '' ? '' : `: ${said}`}`);
  }

  async function end(pid: number): Promise<void> {
    send(pid, 'SIGTERM');
    const deadline = performance.now() + timeoutMs;
    // The kernel tells only a parent, and the server has left us.
    for (let waitMs = 1; serverPid(pid) !== undefined; waitMs = Math.min(waitMs * 2, 50)) {
      if (performance.now() > deadline) throw failed(`aardvark-dns, process ${pid}, does not end`);
      await delay(waitMs);
    }
  }

  /** The process that serves this directory; another one of the same number is not it. */
  function serverPid(known?: number): number | undefined {
    const pid = known ?? Number(read(join(config, PID_FILE)) ?? Number.NaN);
    if (!Number.isInteger(pid) || pid < 2) return undefined;
    const words = read(`/proc/${pid}/cmdline`)?.split('\0') ?? [];
    return words[words.indexOf('--config') + 1] === config ? pid : undefined;
  }

  function networkFiles(): readonly string[] {
    return readdirSync(config).filter((name) => name !== PID_FILE);
  }

  function textOf(network: string): string {
    return read(join(config, parseNetworkName(network))) ?? '';
  }

  /** In one step, as the server may be reading at any time. @returns whether it was another text */
  function replace(network: string, before: string, after: string): boolean {
    const path = join(config, parseNetworkName(network));
    if (after === before) return false;
    if (after === '') unlinkSync(path);
    else {
      const draft = join(dir, 'draft');
      writeFileSync(draft, after, { mode: 0o600 });
      renameSync(draft, path);
    }
    return true;
  }
}

function send(pid: number, signal: 'SIGHUP' | 'SIGTERM'): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as { code?: unknown }).code !== 'ESRCH') throw error;
  }
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const { code } = error as { code?: unknown };
    if (code === 'ENOENT' || code === 'ESRCH') return undefined;
    throw error;
  }
}

function failed(reason: string): MooringError {
  return new MooringError('dns.serverFailed', `the name server: ${reason}`);
}
