import { expect } from 'vitest';
import type { Background } from './background.ts';
import { differences, type HostState } from './host-state.ts';
import type { Ran, RunOptions } from './process.ts';
import { NODE, SEEN_AT, useSandbox, type Sandbox } from './sandbox.ts';

/** A user without root, made for the tests in a host of its own. */
export interface User {
  /** The host itself, as its root sees it. */
  readonly host: Sandbox;
  /** Runs a program as the user, on the host. */
  run(argv: readonly string[], options?: RunOptions): Promise<Ran>;
  start(argv: readonly string[], options?: RunOptions): Promise<Background>;
  /** Runs the command line of this checkout as the user. */
  mooring(...args: readonly string[]): Promise<Ran>;
  /** `mooring …` for {@link run} and {@link start}. */
  command(...args: readonly string[]): readonly string[];
  /** Runs `mooring`, which must succeed in silence; @returns its output. */
  ok(...args: readonly string[]): Promise<string>;
  /** Runs `mooring`, which must refuse in one line; @returns that line. */
  refused(...args: readonly string[]): Promise<string>;
  /** A script on the host as its root, which must succeed. */
  sh(script: string): Promise<string>;
  /** A script as the user, in the private host, which must succeed. */
  inside(script: string): Promise<string>;
  /** What the host holds, with everything that a user without root may leave there. */
  snapshot(): Promise<UserState>;
  /** Fails unless the work leaves the host as it was; takes everything down when it throws. */
  unchanged(work: () => Promise<void>): Promise<void>;
}

export type UserState = HostState & {
  /** User, mount and network namespaces that processes are in or that are mounted. */
  readonly namespaces: readonly string[];
  readonly mounts: readonly string[];
  readonly 'user files': readonly string[];
};

export const UID = 4242;
export const NAME = 'tess';
export const HOME = '/home/tess';
export const RUNTIME_DIR = `/run/user/${UID}`;
/** The user's state directory. */
export const ROOT = `${HOME}/.local/share/mooring`;

// The user database is the machine's own, and in the sandbox a copy with one more.
const MAKE_USER = `
mount -t tmpfs -o mode=755 mooring-private /home
mkdir -p ${HOME} ${RUNTIME_DIR} /home/etc
chown ${UID}:${UID} ${HOME} ${RUNTIME_DIR}; chmod 700 ${HOME} ${RUNTIME_DIR}
for file in passwd group subuid subgid; do cp /etc/$file /home/etc/$file; done
echo '${NAME}:x:${UID}:${UID}::${HOME}:/bin/sh' >>/home/etc/passwd
echo '${NAME}:x:${UID}:' >>/home/etc/group
echo '${NAME}:300000:65536' | tee /home/etc/subuid >/home/etc/subgid
for file in passwd group subuid subgid; do mount --bind /home/etc/$file /etc/$file; done
mount -t tmpfs -o mode=755 mooring-private /dev/net
mknod -m 666 /dev/net/tun c 10 200
`;

const AS_USER = [
  ...['setpriv', '--reuid', String(UID), '--regid', String(UID), '--clear-groups'],
  ...['--inh-caps=-all', '--', 'env', '-i', `HOME=${HOME}`, `USER=${NAME}`, 'LANG=C.UTF-8'],
  ...[`XDG_RUNTIME_DIR=${RUNTIME_DIR}`, 'PATH=/usr/local/bin:/usr/bin:/bin']
];

/** The entries of a user's environment that a test adds. */
function asUser(options: RunOptions = {}): readonly string[] {
  const added = Object.entries(options.env ?? {}).map(([name, value]) => `${name}=${value}`);
  return [...AS_USER, ...added];
}

/** A host with a user for the tests of a file or of a `describe`, there while they run. */
export function useUser(options: { readonly each?: boolean } = {}): User {
  const host = useSandbox({
    ...options,
    setUp: async (sandbox) => {
      const { code, stderr } = await sandbox.run(['sh', '-euc', MAKE_USER]);
      if (code !== 0) throw new Error(`the user could not be made: ${stderr}`);
    }
  });
  const command: User['command'] = (...args) => [NODE, `${SEEN_AT}/bin/mooring.js`, ...args];
  const run: User['run'] = (argv, given = {}) => host.run([...asUser(given), ...argv], given);
  const mooring: User['mooring'] = (...args) => run(command(...args));

  const user: User = {
    host,
    run,
    start: (argv, given = {}) => host.start([...asUser(given), ...argv], given),
    mooring,
    command,
    async ok(...args) {
      const { code, stdout, stderr } = await mooring(...args);
      expect({ args, code, stderr }).toEqual({ args, code: 0, stderr: '' });
      return stdout.trimEnd();
    },
    async refused(...args) {
      const { code, stdout, stderr } = await mooring(...args);
      expect({ args, stdout, code }).toEqual({ args, stdout: '', code: 125 });
      expect(stderr).toMatch(/^Error: [^\n]+\n$/);
      return stderr.slice('Error: '.length, -1);
    },
    async sh(script) {
      const { code, stdout, stderr } = await host.run(['sh', '-euc', script]);
      expect({ script, code, stderr }).toEqual({ script, code: 0, stderr: '' });
      return stdout.trimEnd();
    },
    async inside(script) {
      return user.ok('unshare', '--', 'sh', '-euc', script);
    },
    snapshot: () => readUserState(host),
    async unchanged(work) {
      const before = await user.snapshot();
      try {
        await work();
      } catch (error) {
        // The tests after it begin with nothing up.
        await mooring('down', '--all');
        throw error;
      }
      expectSame(before, await user.snapshot());
    }
  };
  return user;
}

export function expectSame(before: UserState, after: UserState): void {
  expect(differences(before, after)).toEqual([]);
}

const MARK = '----- mooring user snapshot -----';

// Kept between lives, as at root's: marks, locks, caches, ended lives and definitions of networks.
const KEPT = [
  '*/history/*',
  '*.lock',
  '*.lock.gate',
  '*/format',
  '*/token',
  '*/plugin-versions.json'
]
  .concat('*/allocations/*.jsonl', '*/cni/net.d/*')
  .map((path) => `! -path '${path}'`)
  .join(' ');

const STATE = [
  `for kind in user mnt net; do readlink /proc/[0-9]*/ns/$kind 2>/dev/null; done | sort -u`,
  `cut -d' ' -f3- /proc/1/mountinfo | sort`,
  `find ${HOME} ! -type d ${KEPT} -printf '%p %M\\n' | sort; find ${RUNTIME_DIR} -printf '%p %M\\n' | sort`
];

async function readUserState(host: Sandbox): Promise<UserState> {
  const state = await host.snapshot();
  const { code, stdout, stderr } = await host.run(['sh', '-c', STATE.join(`\necho '${MARK}'\n`)]);
  if (code !== 0) throw new Error(`the state could not be read: ${stderr}`);
  const [namespaces, mounts, files] = stdout
    .split(`${MARK}\n`)
    .map((part) => part.split('\n').filter((line) => line !== ''));
  return {
    ...state,
    namespaces: namespaces ?? [],
    mounts: mounts ?? [],
    'user files': files ?? []
  };
}
