import { isIp } from './cni-ip.ts';
import { MooringError } from './failure.ts';

/** A forward of slirp4netns itself, which keeps the client's address. IPv4 only. */
export interface SlirpForward {
  readonly protocol: 'tcp' | 'udp';
  /** `0.0.0.0` for every address. */
  readonly hostAddress: string;
  readonly hostPort: number;
  /** Absent: the container's own, 100 above the network's. */
  readonly guestAddress?: string;
  readonly guestPort: number;
}

const PORT_MAX = 65_535;

/**
 * Refuses what slirp4netns would crash on or misread: it takes port 99999 for 34463.
 *
 * @throws MooringError `slirp.badForward`
 */
export function checkForward(forward: SlirpForward): void {
  const { protocol, hostAddress, hostPort, guestAddress, guestPort } = forward;
  // From JavaScript anything may come.
  if (!['tcp', 'udp'].includes(protocol)) {
    throw badForward(`protocol ${JSON.stringify(protocol)} must be tcp or udp`);
  }
  for (const address of guestAddress === undefined ? [hostAddress] : [hostAddress, guestAddress]) {
    const isV4 = typeof address === 'string' && isIp(address) && !address.includes(':');
    if (!isV4) throw badForward(`${JSON.stringify(address)} is not an IPv4 address`);
  }
  for (const port of [hostPort, guestPort]) {
    const isPort = Number.isInteger(port) && port >= 1 && port <= PORT_MAX;
    if (!isPort) throw badForward(`port ${String(port)} must be 1 to ${PORT_MAX}`);
  }
}

export function badForward(rule: string): MooringError {
  return new MooringError('slirp.badForward', `forward of slirp4netns: ${rule}`);
}
