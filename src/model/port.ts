import type { ExposedPort, PortMapping, PortVia, Protocol } from './container.ts';
import { MooringError } from './failure.ts';
import { addressText, parseAddress } from './subnet.ts';

const PORT_MAX = 65_535;
const HANDLERS: readonly PortVia[] = ['forward', 'hostfwd', 'slirp4netns', 'pasta'];
const PROTOCOLS: readonly string[] = ['tcp', 'udp', 'sctp'];

/**
 * A `--publish` value: `[[ip:][hostPort[-end]]:]ctrPort[-end][/proto[,proto]][@handler]`, IPv6 in
 * brackets.
 *
 * `0.0.0.0` means what no address means, and no host port means that one is chosen. Each
 * protocol makes a mapping of its own; without one it is tcp.
 *
 * @throws MooringError `port.badMapping`, `port.badPort`, `port.badRange`, `port.badProtocol`, `port.badHostIp`,
 *   `port.badHandler`
 */
export function parsePublish(text: string): readonly PortMapping[] {
  const at = text.indexOf('@');
  const via = at === -1 ? undefined : parseVia(text.slice(at + 1));
  const { hostIp, host, container, protocol } = pieces(at === -1 ? text : text.slice(0, at));
  const inside = parseRange(container, text, 'container port');
  const outside =
    host === undefined || host === ''
      ? { first: 0, range: inside.range }
      : parseRange(host, text, 'host port');
  if (outside.range !== inside.range) {
    throw new MooringError(
      'port.badRange',
      `port mapping "${text}": the host range has ${outside.range} ports and the container range ${inside.range}`
    );
  }
  return parseProtocols(protocol ?? 'tcp').map((each) =>
    checkPort({
      hostIp: hostIp ?? '',
      hostPort: outside.first,
      containerPort: inside.first,
      range: inside.range,
      protocol: each,
      ...(via && { via })
    })
  );
}

/**
 * An `--expose` value: `port[-end][/proto[,proto]]`.
 *
 * @throws MooringError `port.badMapping`, `port.badPort`, `port.badRange`, `port.badProtocol`
 */
export function parseExpose(text: string): readonly ExposedPort[] {
  const [ports = '', protocol, ...rest] = text.split('/');
  if (rest.length > 0) throw badMapping(text, 'only one protocol may follow the ports');
  const { first, range } = parseRange(ports, text, 'container port');
  return parseProtocols(protocol ?? 'tcp').map((each) => ({ port: first, range, protocol: each }));
}

/**
 * Protocols as they are listed, each once: `tcp,UDP`.
 *
 * @throws MooringError `port.badProtocol`
 */
export function parseProtocols(text: string): readonly Protocol[] {
  return [...new Set(text.split(',').map(parseProtocol))];
}

/**
 * Who publishes a port, as it is spelled: `forward`.
 *
 * @throws MooringError `port.badHandler`
 */
export function parseVia(text: string): PortVia {
  const via = HANDLERS.find((handler) => handler === text);
  if (via !== undefined) return via;
  throw new MooringError(
    'port.badHandler',
    `port handler ${JSON.stringify(text)} must be ${HANDLERS.join(', ')}`
  );
}

/**
 * A mapping that was given piece by piece, with its host address in its usual spelling.
 *
 * @throws MooringError as {@link parsePublish}
 */
export function checkPort(mapping: PortMapping): PortMapping {
  const { hostPort, containerPort, range } = mapping;
  if (!Number.isInteger(range) || range < 1) {
    throw new MooringError('port.badRange', `a port range of ${range} ports is none`);
  }
  if (hostPort !== 0) checkNumber(hostPort, 'host port');
  checkNumber(containerPort, 'container port');
  checkEnd(hostPort, range, 'host port');
  checkEnd(containerPort, range, 'container port');
  return {
    ...mapping,
    hostIp: parseHostIp(mapping.hostIp),
    protocol: parseProtocol(mapping.protocol)
  };
}

/** One port each; a range becomes as many mappings as it has ports. */
export function expandPort(mapping: PortMapping): readonly PortMapping[] {
  return Array.from({ length: mapping.range }, (_, offset) => ({
    ...mapping,
    hostPort: mapping.hostPort === 0 ? 0 : mapping.hostPort + offset,
    containerPort: mapping.containerPort + offset,
    range: 1
  }));
}

/** `8080/tcp`, `127.0.0.1:8080-8082/udp`, `[::1]:53/udp` */
export function hostPortText({ hostIp, hostPort, range, protocol }: PortMapping): string {
  const address = hostIp.includes(':') ? `[${hostIp}]:` : hostIp === '' ? '' : `${hostIp}:`;
  const ports = range === 1 ? `${hostPort}` : `${hostPort}-${hostPort + range - 1}`;
  return `${address}${ports}/${protocol}`;
}

interface Pieces {
  readonly hostIp?: string;
  readonly host?: string;
  readonly container: string;
  readonly protocol?: string;
}

function pieces(text: string): Pieces {
  const [ports = '', protocol, ...rest] = text.split('/');
  if (rest.length > 0) throw badMapping(text, 'only one protocol may follow the ports');
  if (protocol === '') throw badMapping(text, 'the protocol after "/" is missing');

  const bracketed = /^\[([^\]]*)\](?::(.*))?$/.exec(ports);
  const fields = bracketed === null ? ports.split(':') : (bracketed[2] ?? '').split(':');
  if (fields.length > (bracketed === null ? 3 : 2)) {
    throw badMapping(text, 'it has too many colons (an IPv6 address goes in brackets)');
  }
  const container = fields.at(-1) ?? '';
  if (container === '') throw badMapping(text, 'the container port is missing');
  const host = fields.at(-2);
  const hostIp = bracketed === null ? fields.at(-3) : bracketed[1];
  if (hostIp === '') throw badMapping(text, 'the host address is missing');
  if (bracketed !== null && hostIp?.includes(':') !== true) {
    throw badMapping(text, 'only an IPv6 address goes in brackets');
  }
  if (bracketed !== null && host === undefined) {
    throw badMapping(text, 'after the address comes [HOST PORT]:CONTAINER PORT');
  }
  return {
    container,
    ...(host === undefined ? {} : { host }),
    ...(hostIp === undefined ? {} : { hostIp }),
    ...(protocol === undefined ? {} : { protocol })
  };
}

function parseRange(text: string, whole: string, what: string): { first: number; range: number } {
  const match = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text);
  if (match === null) throw badMapping(whole, `${what} "${text}" is not PORT or PORT-PORT`);
  const first = Number(match[1]);
  const last = Number(match[2] ?? match[1]);
  checkNumber(first, what);
  checkNumber(last, what);
  if (match[2] !== undefined && last <= first) {
    throw new MooringError(
      'port.badRange',
      `port mapping "${whole}": the ${what} range must end above its beginning`
    );
  }
  return { first, range: last - first + 1 };
}

function checkNumber(port: number, what: string): void {
  if (Number.isInteger(port) && port >= 1 && port <= PORT_MAX) return;
  throw new MooringError('port.badPort', `${what} ${port} must be 1 to ${PORT_MAX}`);
}

function checkEnd(first: number, range: number, what: string): void {
  const last = Math.max(first, 1) + range - 1;
  if (last <= PORT_MAX) return;
  throw new MooringError(
    'port.badRange',
    `${what} range ends at ${last}, the last port is ${PORT_MAX}`
  );
}

function parseProtocol(text: string): Protocol {
  const protocol = text.toLowerCase();
  if (PROTOCOLS.includes(protocol)) return protocol as Protocol;
  throw new MooringError(
    'port.badProtocol',
    `protocol ${JSON.stringify(text)} must be tcp, udp or sctp`
  );
}

function parseHostIp(text: string): string {
  if (text === '' || text === '0.0.0.0') return '';
  try {
    return addressText(parseAddress(text));
  } catch (cause) {
    throw new MooringError(
      'port.badHostIp',
      `host address ${JSON.stringify(text)} is not an IP address`,
      {
        cause
      }
    );
  }
}

function badMapping(text: string, rule: string): MooringError {
  return new MooringError('port.badMapping', `port mapping ${JSON.stringify(text)}: ${rule}`);
}
