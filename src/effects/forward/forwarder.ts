import type { Netns, PortMapping } from '../../model/container.ts';
import { failureOf, MooringError, type Failure } from '../../model/failure.ts';
import { StepError } from '../../syscalls/step.ts';
import { checkTarget } from './check-target.ts';
import { listenOn, type Listening } from './listen.ts';
import type { ForwardCommand, ForwardReply } from './messages.ts';
import { startForwardThread, type ForwardThread } from './thread.ts';

/** Where what comes in is sent to. */
export interface ForwardTarget {
  /**
   * Netns in which connections to the container are opened: the one that its bridges are in, or its
   * own. It is kept open, and thereby alive, until the ports are aimed elsewhere or withdrawn.
   */
  readonly netns: Netns;
  /**
   * Addresses of the container, at least one: `10.90.0.5`, `fd00::5`. A client is led to the first one of the family
   * it comes by, or else to the first one.
   */
  readonly addresses: readonly string[];
}

/**
 * `hold`: who comes waits until the ports are aimed again, while connections that stand go on, and
 * keep the netns that they lead to; `refuse`: all are reset.
 */
export type ForwardAim = ForwardTarget | 'hold' | 'refuse';

/** Since the ports were opened. */
export interface ForwardCounters {
  /** Connections, and clients of UDP, that are open now. */
  readonly open: number;
  readonly accepted: number;
  /** Those that the container refused, or that came while there was nobody to forward to. */
  readonly refused: number;
  /** To the container and from it. */
  readonly bytesIn: number;
  readonly bytesOut: number;
  /** Datagrams that were not delivered. */
  readonly dropped: number;
}

/** Published ports whose traffic goes through this process: TCP and UDP, IPv4 and IPv6. */
export interface Forwarder {
  /**
   * Opens the host ports of a container, all or none. They are held until they are aimed.
   *
   * @param container key under which they are aimed and withdrawn
   * @param taken mappings of others, which a choice of a port may not touch
   * @returns with the host ports that were chosen
   * @throws MooringError `port.inUse`, `port.noneFree`, `port.badAddress`, `port.EACCES` naming the sysctl,
   *   `port.EMFILE`, `port.tooMany`, `port.notForwarded` for SCTP, `forward.exists`
   */
  publish(
    container: string,
    ports: readonly PortMapping[],
    options: { readonly taken: readonly PortMapping[]; readonly signal: AbortSignal }
  ): Promise<readonly PortMapping[]>;
  /**
   * Says where the traffic goes from now on; the listeners stay. Connections to an address that is no longer
   * a target are reset, the others go on.
   *
   * @throws MooringError `forward.unknown`, `forward.badTarget` for loopback, wildcard or multicast addresses,
   *   `netns.gone`, `netns.replaced`; nothing is changed then
   */
  aim(container: string, aim: ForwardAim): Promise<void>;
  /** Closes the ports and every connection of a container; one that has none is no error. */
  withdraw(container: string): Promise<void>;
  /** By container. */
  counters(): Promise<ReadonlyMap<string, ForwardCounters>>;
  /** Withdraws everything and ends the thread; calls after it reject with `forward.closed`. */
  close(): Promise<void>;
}

export interface ForwarderOptions {
  /**
   * The thread was lost, and another has taken over with the same listeners and aims; connections
   * were reset.
   */
  readonly onTrouble: (failure: Failure) => void;
  /** A client of UDP that is silent for so long is forgotten, milliseconds. */
  readonly udpIdleMs: number;
  /** Connections at most, and clients of UDP, of each container. */
  readonly flowsMax: number;
}

const RESTART_AFTER_MS = 1_000;

interface Published {
  readonly listening: Listening;
  aim: ForwardAim;
}

/**
 * Forwards in a thread of its own, which is there from the first port on and does not keep the
 * process alive. Ports are opened in the netns of the main thread.
 */
export function startForwarder(options: ForwarderOptions): Forwarder {
  const published = new Map<string, Published>();
  let thread: ForwardThread | undefined;
  let restarting: NodeJS.Timeout | undefined;
  let isClosed = false;

  const ask = async (command: ForwardCommand): Promise<Omit<ForwardReply, 'id'>> => {
    if (isClosed) throw new MooringError('forward.closed', 'the forwarder is closed');
    thread ??= startForwardThread({ ...options, onLost });
    return thread.ask(command);
  };

  function onLost(error: StepError): void {
    thread = undefined;
    if (isClosed) return;
    options.onTrouble(failureOf(error, 'forward'));
    clearTimeout(restarting);
    restarting = setTimeout(() => void restore(), RESTART_AFTER_MS);
  }

  // The sockets are this thread's, so nobody was refused meanwhile.
  async function restore(): Promise<void> {
    for (const [container, { listening, aim }] of published) {
      try {
        await ask({ op: 'listen', container, listeners: listening.listeners });
        await ask({ op: 'aim', container, aim });
      } catch (error) {
        if (isLost(error)) return;
        options.onTrouble(failureOf(error, 'netns', `forward to container ${container} again`));
      }
    }
  }

  function known(container: string): Published {
    const one = published.get(container);
    if (one !== undefined) return one;
    throw new MooringError('forward.unknown', `no ports are forwarded to container ${container}`);
  }

  return {
    async publish(container, ports, { taken, signal }) {
      if (isClosed) throw new MooringError('forward.closed', 'the forwarder is closed');
      if (published.has(container)) {
        throw new MooringError('forward.exists', `ports are forwarded to ${container} already`);
      }
      const listening = await listenOn(ports, taken, signal);
      published.set(container, { listening, aim: 'hold' });
      try {
        await ask({ op: 'listen', container, listeners: listening.listeners });
      } catch (error) {
        published.delete(container);
        listening.close();
        throw error;
      }
      return listening.ports;
    },
    async aim(container, aim) {
      const one = known(container);
      if (typeof aim !== 'string') checkTarget(aim);
      try {
        await ask({ op: 'aim', container, aim });
      } catch (error) {
        // The next thread is told.
        if (!isLost(error)) throw badNetns(container, error);
      }
      one.aim = aim;
    },
    async withdraw(container) {
      const one = published.get(container);
      if (one === undefined) return;
      published.delete(container);
      try {
        await ask({ op: 'withdraw', container });
      } catch (error) {
        if (!isLost(error)) throw error;
      } finally {
        one.listening.close();
      }
    },
    async counters() {
      return published.size === 0 ? new Map() : (await ask({ op: 'counters' })).counters!;
    },
    async close() {
      isClosed = true;
      clearTimeout(restarting);
      await thread?.close();
      for (const { listening } of published.values()) listening.close();
      published.clear();
    }
  };
}

function isLost(error: unknown): boolean {
  return error instanceof StepError && error.code === 'threadLost';
}

function badNetns(container: string, error: unknown): unknown {
  if (!(error instanceof StepError)) return error;
  const { code, message } = failureOf(error, 'netns', `forward to container ${container}`);
  return new MooringError(code, message, { cause: error });
}
