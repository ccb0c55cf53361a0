import { accessSync, chmodSync, constants, lstatSync, rmSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { dirname, isAbsolute } from 'node:path';
import type { Netns } from '../../model/container.ts';
import { failureOf, MooringError, type Failure } from '../../model/failure.ts';
import type { SlirpOptions } from '../../model/slirp-options.ts';
import type { NetnsThread } from '../../syscalls/netns-thread.ts';
import { isOurs } from '../../syscalls/owner.ts';
import { requireSame } from '../netns.ts';
import { startChild, type Child } from '../process/child.ts';
import { untilReady, uplinkOf, UPLINK_GRACE_MS, type Uplink } from '../uplink.ts';
import { slirpArguments } from './arguments.ts';
import { slirpBinary, type SlirpSearch } from './binary.ts';
import type { SlirpStart, StartSlirp } from './slirp.ts';

export interface SlirpDeps extends SlirpSearch {
  readonly thread: Pick<NetnsThread, 'setSysctl'>;
  /** IPv6 will take a second or two longer: it could not be told to leave its test of addresses out. */
  readonly onTrouble: (failure: Failure) => void;
}

const TUN = '/dev/net/tun';
const ACCEPT_DAD = 'net/ipv6/conf/default/accept_dad';
// It warns of options that it was made for, and tells of its own doings.
const NOISE = /^WARNING: Support for \S+ is experimental$|^(sent|received) tapfd=/;
// sun_path of sockaddr_un, with the NUL at its end.
const SOCKET_PATH_MAX = 107;

/** What {@link StartSlirp} promises, on this host. */
export function slirpStarter(deps: SlirpDeps): StartSlirp {
  return async (start) => {
    const { netns, options, apiSocket } = start;
    start.signal.throwIfAborted();
    const { path, features } = await slirpBinary(deps);
    requireInterfaces(options);
    requireTun();
    if (apiSocket !== undefined) prepareSocket(apiSocket);
    const args = slirpArguments(options, features, {
      netnsPath: netns.path,
      ...(apiSocket !== undefined && { apiSocket })
    });
    requireSame(netns);
    const launch = async () => {
      const child = await startChild({ file: path, args, env: start.env, pipes: 2 });
      return readyOrGone(child, start);
    };
    return options.enableIpv6 ? withoutDad(deps, netns, launch) : launch();
  };
}

async function readyOrGone(child: Child, start: SlirpStart): Promise<Uplink> {
  const launched = { child, area: 'slirp', name: 'slirp4netns', noise: NOISE };
  const forget = () => {
    if (start.apiSocket !== undefined) rmSync(start.apiSocket, { force: true });
  };
  try {
    // One byte, once the interface and the API socket are there.
    await untilReady(launched, start, (ready) => child.pipes[1]!.once('data', ready));
    requireSame(start.netns);
    if (start.apiSocket !== undefined) chmodSync(start.apiSocket, 0o600);
  } catch (error) {
    await child.stop(UPLINK_GRACE_MS);
    forget();
    throw error;
  }
  return uplinkOf(launched, forget);
}

/** The interface is made with the netns' defaults, so they say that an address may be used at once. */
async function withoutDad(
  { thread, onTrouble }: SlirpDeps,
  netns: Netns,
  launch: () => Promise<Uplink>
): Promise<Uplink> {
  const set = (value: string) =>
    thread.setSysctl(netns.path, netns, ACCEPT_DAD, value).catch((error: unknown) => {
      onTrouble(failureOf(error, 'netns', `set ${ACCEPT_DAD} in ${netns.path}`));
      return undefined;
    });
  const before = await set('0');
  try {
    return await launch();
  } finally {
    if (before !== undefined && before !== '0') await set(before);
  }
}

// slirp4netns would take any name, and then send nothing.
function requireInterfaces({ outboundAddr, outboundAddr6 }: SlirpOptions): void {
  const known = networkInterfaces();
  const isThere = (text: string) => /^[\d.]+$|:/.test(text) || known[text] !== undefined;
  if (outboundAddr !== undefined && !isThere(outboundAddr)) {
    throw badOption(`invalid outbound_addr ${JSON.stringify(outboundAddr)}`);
  }
  if (outboundAddr6 !== undefined && !isThere(outboundAddr6)) {
    throw badOption(`invalid outbound_addr6: ${JSON.stringify(outboundAddr6)}`);
  }
}

function badOption(text: string): MooringError {
  return new MooringError(
    'slirp.badOption',
    `${text}: this host has no such interface with an address`
  );
}

function requireTun(): void {
  try {
    accessSync(TUN, constants.R_OK | constants.W_OK);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const fix = code === 'ENOENT' ? 'modprobe tun' : `chmod 0666 ${TUN}`;
    throw new MooringError('slirp.noTun', `${TUN} can't be opened (${String(code)}): ${fix}`);
  }
}

/** Who can reach the socket can forward any port of the host, so nobody else may. */
function prepareSocket(path: string): void {
  const refuse = (rule: string) =>
    new MooringError('slirp.badSocket', `API socket ${JSON.stringify(path)}: ${rule}`);
  if (!isAbsolute(path)) throw refuse('the path must be absolute');
  if (Buffer.byteLength(path) > SOCKET_PATH_MAX) {
    throw refuse(`the path is longer than ${SOCKET_PATH_MAX} bytes`);
  }
  const directory = dirname(path);
  const stat = lstatSync(directory, { throwIfNoEntry: false });
  if (stat?.isDirectory() !== true) throw refuse(`${directory} is no directory`);
  if (!isOurs(stat) || (stat.mode & 0o077) !== 0) {
    throw refuse(`${directory} must be this user's alone`);
  }
}
