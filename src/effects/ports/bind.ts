import { setImmediate } from 'node:timers/promises';
import type { PortMapping, Protocol } from '../../model/container.ts';
import { MooringError } from '../../model/failure.ts';
import { portsOverlap } from '../../model/port-conflicts.ts';
import { expandPort } from '../../model/port.ts';
import { bitsOf, parseAddress } from '../../model/subnet.ts';
import { bindSocket, closeSocket, type BoundSocket } from '../../syscalls/bound-socket.ts';
import { explain, lacksFamily, lacksProtocol, refusal, Refused } from './refusal.ts';

/** Host ports kept bound for one container at most; sockets cost memory of the kernel. */
export const RESERVED_MAX = 1_000;

const TRIES = 32;
const PORT_MAX = 65_535;
// Other work goes on between so many of them.
const AT_ONCE = 256;

/** Host ports that are bound by this process, until it closes them. */
export interface BoundPorts {
  /** As they were asked for, with the host ports that were chosen. */
  readonly ports: readonly PortMapping[];
  /** Of the sockets that are kept open. */
  readonly fds: readonly number[];
  close(): void;
}

/**
 * Binds every host port of the mappings, and chooses those that are left to choose, by binding:
 * consecutive ones for a range.
 *
 * All are tried; those of the first mappings that have {@link RESERVED_MAX} ports together stay bound.
 *
 * @param taken mappings of others, which a choice may not touch
 * @throws MooringError `port.inUse` naming the process when it can be seen, `port.noneFree`,
 *   `port.badAddress`, `port.EACCES`, `port.EMFILE`; nothing is bound then
 */
export async function bindPorts(
  ports: readonly PortMapping[],
  taken: readonly PortMapping[],
  signal: AbortSignal
): Promise<BoundPorts> {
  const fds: number[] = [];
  const bound: PortMapping[] = [];
  let room = RESERVED_MAX;
  const close = () => {
    fds.splice(0).forEach(closeSocket);
  };
  try {
    for (const mapping of ports) {
      const keep = mapping.range <= room;
      if (keep) room -= mapping.range;
      const own = [...ports, ...bound];
      const one = await bindMapping(mapping, [...taken, ...own], { keep, own, signal });
      bound.push(one.mapping);
      fds.push(...one.fds);
    }
    return { ports: bound, fds, close };
  } catch (error) {
    close();
    throw error;
  }
}

interface How {
  /** Whether the sockets stay open. */
  readonly keep: boolean;
  /** All mappings of the container. */
  readonly own: readonly PortMapping[];
  readonly signal: AbortSignal;
}

interface BoundMapping {
  readonly mapping: PortMapping;
  readonly fds: readonly number[];
}

async function bindMapping(
  mapping: PortMapping,
  taken: readonly PortMapping[],
  how: How
): Promise<BoundMapping> {
  if (mapping.hostPort !== 0) return { mapping, fds: await bindFixed(mapping, how) };
  for (let attempt = 0; attempt < TRIES; attempt += 1) {
    const chosen = await bindChosen(mapping, taken, how);
    if (chosen !== undefined) return chosen;
  }
  const what = mapping.range === 1 ? 'host port' : `${mapping.range} host ports in a row`;
  throw new MooringError(
    'port.noneFree',
    `no free ${what} found for container port ${mapping.containerPort}/${mapping.protocol} in ${TRIES} tries`
  );
}

/** @returns `undefined` when the port that the kernel gave is no good for the whole mapping */
async function bindChosen(
  mapping: PortMapping,
  taken: readonly PortMapping[],
  how: How
): Promise<BoundMapping | undefined> {
  const first = await bindFirst(mapping);
  const chosen = { ...mapping, hostPort: first.port };
  const isTaken = taken.some((other) => portsOverlap(other, chosen));
  if (isTaken || first.port + mapping.range - 1 > PORT_MAX) {
    closeSocket(first.fd);
    return undefined;
  }
  try {
    return { mapping: chosen, fds: await bindAll(chosen, how, first) };
  } catch (error) {
    if (error instanceof Refused && error.code === 'EADDRINUSE') return undefined;
    throw error instanceof Refused ? await explain(error) : error;
  }
}

interface First extends BoundSocket {
  readonly protocol: Protocol;
}

/** Of the mapping's first address, on a port that the kernel gives. */
async function bindFirst(mapping: PortMapping): Promise<First> {
  const [text = ''] = addressesOf(mapping);
  const address = bytesOf(text);
  // What the kernel can't open nobody has open: any free number does.
  const protocols = mapping.protocol === 'sctp' ? (['sctp', 'tcp'] as const) : [mapping.protocol];
  let reason: unknown;
  for (const protocol of protocols) {
    try {
      return { protocol, ...bindSocket({ protocol, address, port: 0, listens: true }) };
    } catch (error) {
      reason = error;
      if (!lacksProtocol(error)) break;
    }
  }
  const refused = refusal({ ...mapping, range: 1 }, reason);
  throw refused instanceof Refused ? await explain(refused) : refused;
}

async function bindFixed(mapping: PortMapping, how: How): Promise<readonly number[]> {
  try {
    return await bindAll(mapping, how);
  } catch (error) {
    throw error instanceof Refused ? await explain(error) : error;
  }
}

/**
 * @param first the first socket of it, when it is bound already; it is taken over in any case
 * @throws Refused
 */
async function bindAll(
  mapping: PortMapping,
  { keep, own, signal }: How,
  first?: First
): Promise<readonly number[]> {
  const fds = first === undefined ? [] : [first.fd];
  try {
    // One of another protocol only found the number.
    const has = first?.protocol === mapping.protocol;
    if (first !== undefined && !has) closeSocket(fds.pop()!);
    for (const [index, port] of expandPort(mapping).entries()) {
      if (index % AT_ONCE === AT_ONCE - 1) await setImmediate();
      signal.throwIfAborted();
      if (isCovered(port, own)) continue;
      fds.push(...bindOne(port, has && index === 0));
      if (!keep) fds.splice(0).forEach(closeSocket);
    }
    return fds;
  } catch (error) {
    fds.forEach(closeSocket);
    throw error;
  }
}

/** @param hasFirst whether its first address is bound already */
function bindOne(mapping: PortMapping, hasFirst: boolean): readonly number[] {
  const { protocol, hostIp, hostPort } = mapping;
  const fds: number[] = [];
  for (const text of addressesOf(mapping).slice(hasFirst ? 1 : 0)) {
    const isSecond = hostIp === '' && text === '::';
    // Who asks for `localhost` gets `::1` first: where nothing is forwarded it shall be refused.
    const place = { protocol, address: bytesOf(text), port: hostPort, listens: !isSecond };
    try {
      fds.push(bindSocket(place).fd);
    } catch (error) {
      // What the kernel can't open, nobody else can take; and a host may have one family only.
      if (protocol === 'sctp' && lacksProtocol(error)) continue;
      if (isSecond && lacksFamily(error)) continue;
      fds.forEach(closeSocket);
      throw refusal(mapping, error);
    }
  }
  return fds;
}

/** Whether another mapping of the container has the port on every address. */
function isCovered(port: PortMapping, own: readonly PortMapping[]): boolean {
  const isWider = ({ hostIp }: PortMapping) =>
    hostIp !== port.hostIp && (hostIp === '' || (hostIp === '::' && port.hostIp !== ''));
  return port.hostIp !== '' && own.some((other) => isWider(other) && portsOverlap(other, port));
}

// `::` is bound for IPv6 alone, as 0.0.0.0 stands beside it.
function addressesOf({ hostIp }: PortMapping): readonly string[] {
  return hostIp === '' ? ['0.0.0.0', '::'] : [hostIp];
}

function bytesOf(text: string): Uint8Array {
  const { family, value } = parseAddress(text);
  return Buffer.from(value.toString(16).padStart(bitsOf(family) / 4, '0'), 'hex');
}
