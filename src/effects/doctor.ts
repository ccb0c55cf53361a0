import { constants } from 'node:fs';
import { access, readdir, readFile, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { execa } from 'execa';
import type { Finding } from '../model/finding.ts';

/** Absolute paths of the directories to look at. */
export interface Places {
  /** State directory. */
  readonly root: string;
  /** Conflists. */
  readonly confDir: string;
  readonly pluginDirs: readonly string[];
  /** Where netns are pinned, `/run/netns`. */
  readonly runDir: string;
  /**
   * What a user without root needs, who has privileges, netns and forwarding in a private host only;
   * absent for root.
   */
  readonly privateHost?: readonly Finding[];
}

const TOOL_DIRS = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];
const VERSION_TIMEOUT_MS = 5000;

/** Bits of the capability sets, capabilities(7). */
const CAPABILITIES = { CAP_NET_ADMIN: 12n, CAP_SYS_ADMIN: 21n };

const NODE_NEEDED = [20, 19] as const;

/** What this host has and lacks, always in the same order. It changes nothing. */
export async function findings(places: Places): Promise<Finding[]> {
  const { privateHost } = places;
  const isRoot = privateHost === undefined;
  return Promise.all([
    ...(isRoot ? [capabilities()] : privateHost.map((finding) => Promise.resolve(finding))),
    Promise.resolve(node()),
    namespaces(),
    directory('state directory', places.root),
    ...(isRoot ? [directory('netns directory', places.runDir)] : []),
    directory('conflist directory', places.confDir),
    ...['bridge', 'host-local', 'portmap', 'firewall', 'tuning'].map((type) =>
      plugin(type, places.pluginDirs, true)
    ),
    plugin('loopback', places.pluginDirs, false),
    tool('iptables', 'iptables', true, 'no network can be attached'),
    tool('ip6tables', 'iptables', true, 'no network can be attached'),
    tool('nft', 'nftables', false, 'rules of nftables cannot be listed by hand'),
    tool('nsenter', 'util-linux', false, 'mooring exec cannot work'),
    ...waysOut(isRoot),
    ...(isRoot ? [forwarding()] : [])
  ]);
}

/** Of a private host one is the way out: slirp4netns, or pasta where that is missing. */
function waysOut(isRoot: boolean): readonly Promise<Finding>[] {
  const lost = isRoot ? 'its network mode cannot be used' : 'pasta connects private hosts instead';
  return [
    tool('slirp4netns', 'slirp4netns', false, lost),
    tool('pasta', 'passt', false, 'its network mode cannot be used')
  ];
}

async function capabilities(): Promise<Finding> {
  const status = await readFile('/proc/self/status', 'utf8');
  const held = BigInt(`0x${/^CapEff:\s*([0-9a-f]+)$/m.exec(status)?.[1] ?? '0'}`);
  const missing = Object.entries(CAPABILITIES).flatMap(([name, bit]) =>
    (held >> bit) & 1n ? [] : [name]
  );
  const found = missing.length === 0;
  return {
    need: 'privileges',
    found,
    detail: found ? Object.keys(CAPABILITIES).join(', ') : `without ${missing.join(', ')}`,
    ...(found ? {} : { remedy: 'sudo mooring doctor' }),
    required: true
  };
}

function node(): Finding {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const [neededMajor, neededMinor] = NODE_NEEDED;
  const found = major > neededMajor || (major === neededMajor && minor >= neededMinor);
  const detail = `${process.versions.node} at ${process.execPath}`;
  return {
    need: 'Node',
    found,
    detail: found ? detail : `${detail}, ${NODE_NEEDED.join('.')} or newer is needed`,
    required: true
  };
}

async function namespaces(): Promise<Finding> {
  const path = '/proc/self/ns/net';
  const reason = await refusal(() => stat(path));
  return {
    need: 'network namespaces',
    found: reason === undefined,
    detail: reason ?? path,
    required: true
  };
}

/** Usable when it can be read and written, or made below the nearest directory there is. */
async function directory(need: string, path: string): Promise<Finding> {
  const nearest = await nearestExisting(path);
  const reason = await refusal(async () => {
    if (!(await stat(nearest)).isDirectory()) throw new Error(`${nearest} is no directory`);
    await access(nearest, constants.R_OK | constants.W_OK | constants.X_OK);
    if (nearest === path) await readdir(path);
  });
  const detail = nearest === path ? path : `${path}, made when it is needed`;
  return { need, found: reason === undefined, detail: reason ?? detail, required: true };
}

async function nearestExisting(path: string): Promise<string> {
  const exists = await stat(path).then(
    () => true,
    (error: unknown) => (error as NodeJS.ErrnoException).code !== 'ENOENT'
  );
  return exists || path === dirname(path) ? path : nearestExisting(dirname(path));
}

async function plugin(type: string, dirs: readonly string[], required: boolean): Promise<Finding> {
  const need = `CNI plugin ${type}`;
  const path = await firstExecutable(type, dirs);
  if (path !== undefined) return { need, found: true, detail: path, required };
  const use = required ? '' : '; only conflists that name it need it';
  return {
    need,
    found: false,
    detail: `not in ${dirs.join(', ')}${use}`,
    remedy: 'apt-get install containernetworking-plugins',
    required
  };
}

async function tool(
  name: string,
  debianPackage: string,
  required: boolean,
  lost: string
): Promise<Finding> {
  const path = await firstExecutable(name, TOOL_DIRS);
  if (path !== undefined) {
    return { need: name, found: true, detail: await versionOf(path), required };
  }
  return {
    need: name,
    found: false,
    detail: `not in ${TOOL_DIRS.join(', ')}: ${lost}`,
    remedy: `apt-get install ${debianPackage}`,
    required
  };
}

/** The path and what the tool says of itself, which for iptables names the backend. */
async function versionOf(path: string): Promise<string> {
  const { stdout } = await execa(path, ['--version'], {
    env: { PATH: TOOL_DIRS.join(':') },
    extendEnv: false,
    cwd: '/',
    stdin: 'ignore',
    timeout: VERSION_TIMEOUT_MS,
    maxBuffer: 4096,
    reject: false
  });
  const line = firstLine(stdout);
  return line === '' ? `${path}, which does not tell its version` : `${path}, ${line}`;
}

// A program that could not be started has no output at all.
function firstLine(text: string | undefined): string {
  return (text ?? '').split('\n', 1).join('').trim();
}

async function forwarding(): Promise<Finding> {
  const path = '/proc/sys/net/ipv4/ip_forward';
  const need = 'ip_forward';
  const value = await readFile(path, 'utf8').then(
    (text) => text.trim(),
    (error: unknown) => (error as Error).message
  );
  if (value === '1') return { need, found: true, detail: `${path} is 1`, required: false };
  return {
    need,
    found: false,
    detail: `${path} is ${value}: until the bridge plugin sets it, containers reach only this host`,
    remedy: 'sysctl -w net.ipv4.ip_forward=1',
    required: false
  };
}

async function firstExecutable(name: string, dirs: readonly string[]): Promise<string | undefined> {
  for (const dir of dirs) {
    const path = join(dir, name);
    const reason = await refusal(async () => {
      if (!(await stat(path)).isFile()) throw new Error(`${path} is no file`);
      await access(path, constants.X_OK);
    });
    if (reason === undefined) return path;
  }
  return undefined;
}

/** @returns why it cannot be done, or `undefined` when it can */
async function refusal(attempt: () => Promise<unknown>): Promise<string | undefined> {
  try {
    await attempt();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
