import type { Netns, PortMapping } from '../../model/container.ts';
import type { Failure } from '../../model/failure.ts';

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
 * `hold`: clients wait to be accepted, and datagrams are left out, until ports are aimed again;
 * `refuse`: connections are reset.
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
