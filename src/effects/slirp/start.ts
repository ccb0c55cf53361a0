import { chmodSync, lstatSync, rmSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { dirname, isAbsolute } from 'node:path';
import type { Netns } from '../../model/container.ts';
import { failureOf, MooringError, oneLine, type Failure } from '../../model/failure.ts';
import type { SlirpOptions } from '../../model/slirp-options.ts';
import type { NetnsThread } from '../../syscalls/netns-thread.ts';
import { requireSame } from '../netns.ts';
import { endText, startChild, type Child } from '../process/child.ts';
import type { Uplink } from '../uplink.ts';
import { slirpArguments } from './arguments.ts';
import { slirpBinary, type SlirpSearch } from './binary.ts';
import type { SlirpStart, StartSlirp } from './slirp.ts';

export interface SlirpDeps extends SlirpSearch {
  readonly thread: Pick<NetnsThread, 'setSysctl'>;
  /** IPv6 will take a second or two longer: it could not be told to leave its test of addresses out. */
  readonly onTrouble: (failure: Failure) => void;
}

const GRACE_MS = 1_000;
const ACCEPT_DAD = 'net/ipv6/conf/default/accept_dad';
// sun_path of sockaddr_un, with the NUL at its end.
const SOCKET_PATH_MAX = 107;

/** What {@link StartSlirp} promises, on this host. */
export function slirpStarter(deps: SlirpDeps): StartSlirp {
  return async (start) => {
    const { netns, options, apiSocket } = start;
    start.signal.throwIfAborted();
    const { path, features } = await slirpBinary(deps);
    requireInterfaces(options);
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
  try {
    await ready(child, start);
    requireSame(start.netns);
    if (start.apiSocket !== undefined) chmodSync(start.apiSocket, 0o600);
  } catch (error) {
    await child.stop(GRACE_MS);
    removeSocket(start);
    throw error;
  }
  let wanted = false;
  return {
    process: child.process,
    ended: child.ended.then((end) => {
      removeSocket(start);
      const said = saidBy(child);
      const message = `slirp4netns ended (${endText(end)})${said === '' ? '' : `: ${said}`}`;
      return { wanted, failure: { code: 'slirp.lost', message } };
    }),
    async stop() {
      wanted = true;
      await child.stop(GRACE_MS);
    }
  };
}

/** Resolves at the byte on the ready descriptor. */
function ready(child: Child, { timeoutMs, signal }: SlirpStart): Promise<void> {
  const { promise, resolve, reject } = withResolvers();
  const late = setTimeout(() => {
    const said = saidBy(child);
    reject(
      new MooringError(
        'slirp.timedOut',
        `slirp4netns was not ready after ${timeoutMs} ms${said === '' ? '' : `: ${said}`}`
      )
    );
  }, timeoutMs);
  const onAbort = () => reject(signal.reason);
  signal.addEventListener('abort', onAbort);
  if (signal.aborted) onAbort();
  child.pipes[1]!.once('data', () => resolve());
  void child.ended.then((end) => {
    const said = saidBy(child);
    const text = said === '' ? endText(end) : JSON.stringify(said);
    reject(new MooringError('slirp.failed', `slirp4netns failed: ${text}`));
  });
  return promise.finally(() => {
    clearTimeout(late);
    signal.removeEventListener('abort', onAbort);
  });
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
  if (stat.uid !== process.geteuid!() || (stat.mode & 0o077) !== 0) {
    throw refuse(`${directory} must be this user's alone`);
  }
}

function removeSocket({ apiSocket }: SlirpStart): void {
  if (apiSocket !== undefined) rmSync(apiSocket, { force: true });
}

function saidBy(child: Child): string {
  return oneLine(child.log()).slice(-1_000);
}

// Promise.withResolvers() is not in Node 20.
function withResolvers() {
  let resolve!: () => void;
  let reject!: (error: unknown) => void;
  const promise = new Promise<void>((onValue, onError) => {
    resolve = onValue;
    reject = onError;
  });
  return { promise, resolve, reject };
}
