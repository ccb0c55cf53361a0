import { createSocket } from 'node:dgram';
import { failureOf, MooringError } from '../model/failure.ts';

/** Any address beyond the host's own networks does: podman's choice. */
const BEYOND = { address: '8.8.8.8', port: 80 } as const;

/**
 * The address from which this host sends to the world: a UDP socket is connected, and nothing sent.
 *
 * @throws MooringError `machine.noAddress` when there is no route
 */
export async function machineHost(): Promise<string> {
  const socket = createSocket('udp4');
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject).once('connect', resolve);
      socket.connect(BEYOND.port, BEYOND.address);
    });
    return socket.address().address;
  } catch (error) {
    const { message } = failureOf(error, 'machine', "the machine's outgoing address is not known");
    throw new MooringError('machine.noAddress', message, { cause: error });
  } finally {
    socket.close();
  }
}
