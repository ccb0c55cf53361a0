import { constants, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { Socket } from 'node:net';
import { join } from 'node:path';
import { MooringError } from '../../model/failure.ts';
import { makeFifo } from '../../syscalls/fifo.ts';
import { requireSame } from '../netns.ts';
import { bindPorts } from '../ports/bind.ts';
import { startChild, type Child } from '../process/child.ts';
import { findTool } from '../process/tool.ts';
import { saidBy, untilReady, uplinkOf, UPLINK_GRACE_MS, type Uplink } from '../uplink.ts';
import { pastaArguments } from './arguments.ts';
import { pastaBinary } from './binary.ts';
import type { PastaStart, StartPasta } from './pasta.ts';

export interface PastaDeps {
  /** Absolute path, instead of looking in the system's directories. */
  readonly path?: string;
}

// What it says when there is no system log, and its usage after an error.
const NOISE =
  /^Failed to send \d+ bytes to syslog$|^\s|^Usage:|^Without PID|^default shell|^connect it/;
const NO_ROUTE = /No external routable interface|External interface not usable/;

/** What {@link StartPasta} promises, on this host. */
export function pastaStarter({ path }: PastaDeps): StartPasta {
  return async (start) => {
    start.signal.throwIfAborted();
    const binary = await pastaBinary(path);
    const directory = mkdtempSync(join(start.runDir, 'pasta-'));
    try {
      const pidFile = join(directory, 'pid');
      const args = pastaArguments(start.options, start.ports, binary.options, {
        netnsPath: start.netns.path,
        pidFile,
        keepRoot: isHostsRoot()
      });
      // It takes what it can get of a range, and names nobody.
      (await bindPorts(start.ports, [], start.signal)).close();
      requireSame(start.netns);
      return await launch(start, pidFile, [binary.path, ...args]);
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  };
}

/**
 * It would go on when we are gone, so it is started by setpriv(1), with the signal that the kernel
 * sends it then. That it is ready is known from its writing the number of its process, for which
 * it is given a FIFO: it does so last of all.
 */
async function launch(
  start: PastaStart,
  pidFile: string,
  command: readonly string[]
): Promise<Uplink> {
  const setpriv = findTool('setpriv');
  if (setpriv === undefined) {
    throw new MooringError('pasta.failed', 'setpriv is not installed: apt-get install util-linux');
  }
  makeFifo(pidFile, 0o600);
  // For both, so that its end is not seen when nobody else has it open.
  const fifo = new Socket({ fd: openSync(pidFile, constants.O_RDWR | constants.O_NONBLOCK) });
  try {
    const args = ['--pdeathsig', 'KILL', '--', ...command];
    const child = await startChild({ file: setpriv, args, env: start.env, pipes: 0 });
    return await readyOrGone(child, start, fifo);
  } finally {
    fifo.destroy();
  }
}

async function readyOrGone(child: Child, start: PastaStart, fifo: Socket): Promise<Uplink> {
  const launched = { child, area: 'pasta', name: 'pasta', noise: NOISE };
  try {
    await untilReady(launched, start, (ready) => fifo.once('data', ready));
    requireSame(start.netns);
  } catch (error) {
    await child.stop(UPLINK_GRACE_MS);
    throw NO_ROUTE.test(saidBy(launched)) ? noRoute(error) : error;
  }
  return uplinkOf(launched, () => undefined);
}

function noRoute(cause: unknown): MooringError {
  return new MooringError(
    'pasta.noRoute',
    'pasta failed: the host has no default route to take addresses from; give it --interface, --address and --gateway',
    { cause }
  );
}

// In a user namespace of ours its root is nobody else.
function isHostsRoot(): boolean {
  if (process.geteuid!() !== 0) return false;
  return /^\s*0\s+0\s+4294967295\s*$/.test(readFileSync('/proc/self/uid_map', 'utf8'));
}
