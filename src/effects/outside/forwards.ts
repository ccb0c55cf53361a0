import type { PortMapping } from '../../model/container.ts';
import { MooringError } from '../../model/failure.ts';
import { expandPort, hostPortText } from '../../model/port.ts';
import type { SlirpForward } from '../../model/slirp-forward.ts';
import type { SlirpApi } from '../slirp/slirp.ts';

/**
 * Has slirp4netns forward exactly these ports; those it forwards already are left alone.
 *
 * @throws MooringError as `SlirpApi`, `port.notForwarded`; some may have been done then
 */
export async function settleForwards(api: SlirpApi, ports: readonly PortMapping[]): Promise<void> {
  const wanted = new Map(ports.flatMap(forwardsOf).map((one) => [textOf(one), one]));
  const surplus: number[] = [];
  for (const { id, ...one } of await api.listForwards()) {
    if (!wanted.delete(textOf(one))) surplus.push(id);
  }
  for (const id of surplus) await api.removeForward(id);
  for (const one of wanted.values()) await api.addForward(one);
}

/**
 * What slirp4netns is told for a mapping.
 *
 * Behind the shared one portmap goes on from the host port; a container's own leads to its port.
 */
export function forwardsOf(mapping: PortMapping): readonly SlirpForward[] {
  const { hostIp, protocol, via } = mapping;
  if (protocol === 'sctp' || hostIp.includes(':')) {
    const what = protocol === 'sctp' ? 'protocol sctp' : 'IPv6 addresses';
    throw new MooringError(
      'port.notForwarded',
      `host port ${hostPortText(mapping)}: slirp4netns can't forward ${what}`
    );
  }
  return expandPort(mapping).map(({ hostPort, containerPort }) => ({
    protocol,
    hostAddress: hostIp === '' ? '0.0.0.0' : hostIp,
    hostPort,
    guestPort: via === 'hostfwd' ? hostPort : containerPort
  }));
}

// It tells the guest's address even when it was left to it.
function textOf({ protocol, hostAddress, hostPort, guestPort }: SlirpForward): string {
  return `${protocol} ${hostAddress} ${hostPort} ${guestPort}`;
}
