import type { PortMapping } from '../../model/container.ts';
import { MooringError } from '../../model/failure.ts';
import { hostPortText } from '../../model/port.ts';
import { openListener } from '../../syscalls/listening-socket.ts';
import { bindPorts } from '../ports/bind.ts';
import type { Listener } from './messages.ts';

/** Each has a socket for each family. */
const PORTS_MAX = 4_096;

/** Host ports that are listened on. */
export interface Listening {
  /** As they were asked for, with the host ports that were chosen. */
  readonly ports: readonly PortMapping[];
  readonly listeners: readonly Listener[];
  close(): void;
}

/**
 * Opens all host ports of one container, or none.
 *
 * @param taken mappings of others, which a choice of a port may not touch
 * @throws MooringError `port.…`
 */
export async function listenOn(
  ports: readonly PortMapping[],
  taken: readonly PortMapping[],
  signal: AbortSignal
): Promise<Listening> {
  requireForwarded(ports);
  const opener = { open: openListener, most: PORTS_MAX };
  const bound = await bindPorts(ports, taken, signal, opener);
  const listeners = bound.sockets.map(({ fd, mapping, address }): Listener => ({
    fd,
    protocol: mapping.protocol === 'udp' ? 'udp' : 'tcp',
    family: address.includes(':') ? 6 : 4,
    containerPort: mapping.containerPort
  }));
  return { ports: bound.ports, listeners, close: () => bound.close() };
}

function requireForwarded(ports: readonly PortMapping[]): void {
  const sctp = ports.find(({ protocol }) => protocol === 'sctp');
  if (sctp !== undefined) {
    throw new MooringError(
      'port.notForwarded',
      `host port ${hostPortText(sctp)}: protocol sctp can't be forwarded without root`
    );
  }
  const count = ports.reduce((sum, { range }) => sum + range, 0);
  if (count <= PORTS_MAX) return;
  throw new MooringError(
    'port.tooMany',
    `${count} forwarded ports of one container, the limit is ${PORTS_MAX}`
  );
}
