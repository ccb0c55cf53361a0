import { setImmediate } from 'node:timers/promises';
import type { PortMapping, Protocol } from '../../model/container.ts';
import { MooringError } from '../../model/failure.ts';
import { portsOverlap } from '../../model/port-conflicts.ts';
import { expandPort } from '../../model/port.ts';
import { bitsOf, parseAddress } from '../../model/subnet.ts';
import {
  bindSocket,
  closeSocket,
  type BindPlace,
  type BoundSocket
} from '../../syscalls/bound-socket.ts';
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
  /** Those that are kept open. */
  readonly sockets: readonly PortSocket[];
  close(): void;
}

/** A socket of one host port. */
export interface PortSocket {
  readonly fd: number;
  /** One port. */
  readonly mapping: PortMapping;
  /** The one it is bound to, `0.0.0.0` or `::` for all. */
  readonly address: string;
}

/** What a port is opened for. */
export interface PortOpener {
  /** @throws SyscallError */
  open(place: BindPlace): BoundSocket;
  /** How many host ports are kept open at most; the others are only tried. */
  readonly most: number;
}

const RESERVING: PortOpener = { open: bindSocket, most: RESERVED_MAX };

/**
 * Binds every host port of the mappings, and chooses those that are left to choose, by binding:
 * consecutive ones for a range.
 *
 * All are tried; those of the first mappings that have {@link RESERVED_MAX} ports together stay bound.
 *
 * @param taken mappings of others, which a choice may not touch
 * @param opener instead of one that only keeps ports
 * @throws MooringError `port.inUse` naming the process when it can be seen, `port.noneFree`,
 *   `port.badAddress`, `port.EACCES`, `port.EMFILE`; nothing is bound then
 */
export async function bindPorts(
  ports: readonly PortMapping[],
  taken: readonly PortMapping[],
  signal: AbortSignal,
  opener: PortOpener = RESERVING
): Promise<BoundPorts> {
  const sockets: PortSocket[] = [];
  const bound: PortMapping[] = [];
  let room = opener.most;
  const close = () => closeAll(sockets.splice(0));
  try {
    for (const mapping of ports) {
      const keep = mapping.range <= room;
      if (keep) room -= mapping.range;
      const own = [...ports, ...bound];
      const one = await bindMapping(mapping, [...taken, ...own], { keep, own, signal, opener });
      bound.push(one.mapping);
      sockets.push(...one.sockets);
    }
    return { ports: bound, sockets, close };
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
  readonly opener: PortOpener;
}

interface BoundMapping {
  readonly mapping: PortMapping;
  readonly sockets: readonly PortSocket[];
}

async function bindMapping(
  mapping: PortMapping,
  taken: readonly PortMapping[],
  how: How
): Promise<BoundMapping> {
  if (mapping.hostPort !== 0) return { mapping, sockets: await bindFixed(mapping, how) };
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
  const first = await bindFirst(mapping, how.opener);
  const chosen = { ...mapping, hostPort: first.port };
  const isTaken = taken.some((other) => portsOverlap(other, chosen));
  if (isTaken || first.port + mapping.range - 1 > PORT_MAX) {
    closeSocket(first.fd);
    return undefined;
  }
  try {
    return { mapping: chosen, sockets: await bindAll(chosen, how, first) };
  } catch (error) {
    if (error instanceof Refused && error.code === 'EADDRINUSE') return undefined;
    throw error instanceof Refused ? await explain(error) : error;
  }
}

interface First extends BoundSocket {
  readonly protocol: Protocol;
}

/** Of the mapping's first address, on a port that the kernel gives. */
async function bindFirst(mapping: PortMapping, { open }: PortOpener): Promise<First> {
  const [text = ''] = addressesOf(mapping);
  const address = bytesOf(text);
  // What the kernel can't open nobody has open: any free number does.
  const protocols = mapping.protocol === 'sctp' ? (['sctp', 'tcp'] as const) : [mapping.protocol];
  let reason: unknown;
  for (const protocol of protocols) {
    try {
      return { protocol, ...open({ protocol, address, port: 0, listens: true }) };
    } catch (error) {
      reason = error;
      if (!lacksProtocol(error)) break;
    }
  }
  const refused = refusal({ ...mapping, range: 1 }, reason);
  throw refused instanceof Refused ? await explain(refused) : refused;
}

async function bindFixed(mapping: PortMapping, how: How): Promise<readonly PortSocket[]> {
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
  { keep, own, signal, opener }: How,
  first?: First
): Promise<readonly PortSocket[]> {
  const sockets: PortSocket[] = [];
  // One of another protocol only found the number.
  const has = first?.protocol === mapping.protocol;
  if (first !== undefined) {
    const [address = ''] = addressesOf(mapping);
    if (has) sockets.push({ fd: first.fd, mapping: expandPort(mapping)[0]!, address });
    else closeSocket(first.fd);
  }
  try {
    for (const [index, port] of expandPort(mapping).entries()) {
      if (index % AT_ONCE === AT_ONCE - 1) await setImmediate();
      signal.throwIfAborted();
      if (isCovered(port, own)) continue;
      sockets.push(...bindOne(port, has && index === 0, opener));
      if (!keep) closeAll(sockets.splice(0));
    }
    return sockets;
  } catch (error) {
    closeAll(sockets);
    throw error;
  }
}

/** @param hasFirst whether its first address is bound already */
function bindOne(
  mapping: PortMapping,
  hasFirst: boolean,
  { open }: PortOpener
): readonly PortSocket[] {
  const { protocol, hostIp, hostPort } = mapping;
  const sockets: PortSocket[] = [];
  for (const address of addressesOf(mapping).slice(hasFirst ? 1 : 0)) {
    const isSecond = hostIp === '' && address === '::';
    // Who asks for `localhost` gets `::1` first: where nothing is forwarded it shall be refused.
    const place = { protocol, address: bytesOf(address), port: hostPort, listens: !isSecond };
    try {
      sockets.push({ fd: open(place).fd, mapping, address });
    } catch (error) {
      // What the kernel can't open, nobody else can take; and a host may have one family only.
      if (protocol === 'sctp' && lacksProtocol(error)) continue;
      if (isSecond && lacksFamily(error)) continue;
      closeAll(sockets);
      throw refusal(mapping, error);
    }
  }
  return sockets;
}

function closeAll(sockets: readonly PortSocket[]): void {
  for (const { fd } of sockets) closeSocket(fd);
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
