import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest';
import { readHostState, type HostState } from './host-state.ts';
import { collect, ended, type Ran, type RunOptions } from './process.ts';
import { keepJournals } from './keep-journals.ts';
import { startInside, type Background } from './background.ts';

/** `bin/mooring.js` of this checkout. */
export const MOORING = fileURLToPath(new URL('../../bin/mooring.js', import.meta.url));

const CHECKOUT = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '');

/** This checkout, and the Node that runs the tests, where any user of a sandbox may read them. */
export const SEEN_AT = '/mnt/mooring';
export const NODE = '/mnt/node';

const PRIVATE_HOST = fileURLToPath(new URL('../../scripts/private-host.sh', import.meta.url));

/**
 * A host of its own: network, mounts and processes apart from the machine's, with `/run`,
 * `/var/lib/cni`, `/etc/cni` and `/var/lib/mooring` empty. Needs root.
 */
export interface Sandbox {
  /** Runs a program inside until it ends, whatever its exit code. */
  run(argv: readonly string[], options?: RunOptions): Promise<Ran>;

  /** Starts a program inside that goes on. */
  start(argv: readonly string[], options?: RunOptions): Promise<Background>;

  /** Runs the command line of this checkout inside. */
  mooring(...args: readonly string[]): Promise<Ran>;

  /** What the kernel and the files hold now, without what changes by itself. */
  snapshot(): Promise<HostState>;

  /** Ends every process inside, and the sandbox with them. */
  close(): Promise<void>;
}

export async function sandbox(): Promise<Sandbox> {
  const init = spawn(
    'unshare',
    [...NAMESPACES, 'sh', PRIVATE_HOST, 'sh', '-ec', `${SHOW}\n${STAY}`],
    {
      stdio: ['ignore', 'pipe', 'pipe']
    }
  );
  await ready(init);
  const enter = entering(init.pid!);
  const run: Sandbox['run'] = (argv, options = {}) => collect([...enter, ...argv], options);

  return {
    run,
    start: (argv, options = {}) => startInside(enter, argv, options),
    mooring: (...args) => run([process.execPath, MOORING, ...args]),
    snapshot: () => readHostState(run),
    async close() {
      await keepJournals(run);
      init.kill('SIGKILL');
      await ended(init);
    }
  };
}

export interface SandboxOptions {
  /** Whether every test gets a fresh one. */
  readonly each?: boolean;
  /** What is done in it before the first test. */
  readonly setUp?: (host: Sandbox) => Promise<void>;
}

/** A sandbox for the tests of a file or of a `describe`, there while they run. */
export function useSandbox(options: SandboxOptions = {}): Sandbox {
  const host = {} as Sandbox;
  const open = async () => {
    Object.assign(host, await sandbox());
    await options.setUp?.(host);
  };
  const close = () => host.close();
  if (options.each === true) {
    beforeEach(open);
    afterEach(close);
  } else {
    beforeAll(open);
    afterAll(close);
  }
  return host;
}

const NAMESPACES = ['--net', '--mount', '--pid', '--fork', '--mount-proc', '--kill-child'];

// Directories above a checkout are often closed to others.
const SHOW = `
mount -t tmpfs -o mode=755 mooring-private /mnt
mkdir ${SEEN_AT}; mount --bind '${CHECKOUT}' ${SEEN_AT}
touch ${NODE}; mount --bind '${process.execPath}' ${NODE}`;

// As process 1 the shell must stay, to reap what loses its parent: hence a command after `sleep`.
const STAY = 'echo ready; sleep infinity; exit 1';

/** A command as it is given to a user who may do nothing but what anybody may. */
export function asNobody(argv: readonly string[]): readonly string[] {
  const nobody = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'];
  return [...nobody, ...argv.map(seen)];
}

function seen(word: string): string {
  if (word === process.execPath) return NODE;
  return word.startsWith(`${CHECKOUT}/`) ? SEEN_AT + word.slice(CHECKOUT.length) : word;
}

// `unshare` itself is in the network and mount namespaces; its children are in the process one.
function entering(unsharePid: number): string[] {
  const ns = `/proc/${unsharePid}/ns`;
  const flags = [`--net=${ns}/net`, `--mount=${ns}/mnt`, `--pid=${ns}/pid_for_children`];
  return ['nsenter', ...flags, '--'];
}

async function ready(init: ChildProcess): Promise<void> {
  const errors: string[] = [];
  init.stderr!.setEncoding('utf8').on('data', (text: string) => errors.push(text));
  const over = once(init, 'exit').then(([code]) => {
    throw new Error(`the sandbox ended at once, exit code ${String(code)}: ${errors.join('')}`);
  });
  await Promise.race([once(init.stdout!, 'data'), over]);
  over.catch(() => undefined);
}
