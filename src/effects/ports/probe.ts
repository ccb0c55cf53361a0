import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';
import type { PortMapping } from '../../model/container.ts';
import { MooringError } from '../../model/failure.ts';
import { hostPortText } from '../../model/port.ts';
import { portHolder } from './holder.ts';

// Ports of a range are tried this many at a time, so that none runs out of descriptors.
const AT_ONCE = 32;

/**
 * Binds every host port of a mapping and lets go of it again. SCTP isn't tried: Node can't.
 *
 * @throws MooringError `port.inUse` naming the process when it can be seen, `port.badAddress`, `port.EACCES`
 */
export async function probePorts(mapping: PortMapping, signal: AbortSignal): Promise<void> {
  if (mapping.protocol === 'sctp') return;
  for (let offset = 0; offset < mapping.range; offset += AT_ONCE) {
    signal.throwIfAborted();
    const ports = Array.from({ length: Math.min(AT_ONCE, mapping.range - offset) }, (_, index) => ({
      ...mapping,
      hostPort: mapping.hostPort + offset + index,
      range: 1
    }));
    const probes = await Promise.allSettled(ports.map((port) => bindAll(port)));
    const refused = probes.findIndex(({ status }) => status === 'rejected');
    if (refused !== -1) {
      throw await explain(ports[refused]!, (probes[refused] as PromiseRejectedResult).reason);
    }
  }
}

/**
 * A host port that the kernel gave and that every address of the mapping has free.
 *
 * @returns `undefined` when another address of it has the port in use
 * @throws MooringError `port.badAddress`
 */
export async function ephemeralPort(mapping: PortMapping): Promise<number | undefined> {
  const one = { ...mapping, hostPort: 0, range: 1 };
  const [first = ''] = addressesOf(one);
  try {
    const hostPort = await bind(first, one);
    await bindAll({ ...one, hostPort });
    return hostPort;
  } catch (error) {
    if (codeOf(error) === 'EADDRINUSE') return undefined;
    throw await explain(one, error);
  }
}

async function bindAll(mapping: PortMapping): Promise<void> {
  for (const address of addressesOf(mapping)) {
    try {
      await bind(address, mapping);
    } catch (error) {
      const isMissing = ['EAFNOSUPPORT', 'EADDRNOTAVAIL'].includes(codeOf(error) ?? '');
      // Every address of both families, on a host that has one family only.
      if (mapping.hostIp === '' && address === '::' && isMissing) continue;
      throw error;
    }
  }
}

// `::` is bound for IPv6 alone, as 0.0.0.0 stands beside it.
function addressesOf({ hostIp }: PortMapping): readonly string[] {
  return hostIp === '' ? ['0.0.0.0', '::'] : [hostIp];
}

function bind(address: string, { hostPort, protocol }: PortMapping): Promise<number> {
  return protocol === 'udp' ? bindUdp(address, hostPort) : bindTcp(address, hostPort);
}

function bindTcp(host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    // Exclusive: in a cluster's worker the primary would bind, and answer for others.
    server.listen({ host, port, exclusive: true, ipv6Only: host.includes(':'), backlog: 1 }, () => {
      const bound = server.address();
      server.close(() => resolve(typeof bound === 'object' && bound !== null ? bound.port : port));
    });
  });
}

function bindUdp(address: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const isV6 = address.includes(':');
    const socket = createSocket({ type: isV6 ? 'udp6' : 'udp4', ipv6Only: isV6 });
    socket.once('error', (error) => {
      socket.close();
      reject(error);
    });
    socket.bind({ address, port, exclusive: true }, () => {
      const bound = socket.address().port;
      socket.close(() => resolve(bound));
    });
  });
}

async function explain(mapping: PortMapping, error: unknown): Promise<unknown> {
  const port = hostPortText(mapping);
  switch (codeOf(error)) {
    case 'EADDRINUSE': {
      const holder = await portHolder(mapping);
      const who = holder === undefined ? '' : `: ${holder}`;
      return new MooringError('port.inUse', `host port ${port} is in use by another process${who}`);
    }
    case 'EADDRNOTAVAIL':
    case 'EAFNOSUPPORT':
      return new MooringError(
        'port.badAddress',
        `host port ${port}: ${mapping.hostIp} is not an address of this host`
      );
    case 'EACCES':
      return new MooringError('port.EACCES', `host port ${port}: no permission to bind it`);
    default:
      return error;
  }
}

function codeOf(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' ? code : undefined;
}
