import type { CniResult } from './cni-result.ts';
import { HOST_GATEWAY, type HostEntry, type NamespaceSpec } from './container.ts';
import { MooringError } from './failure.ts';

/** What a container's hosts file is made from. */
export interface HostsInput {
  readonly id: string;
  /** Absent: its id. */
  readonly hostname?: string;
  readonly namespace?: NamespaceSpec['kind'];
  /** In the order they were asked for. */
  readonly add: readonly HostEntry[];
  /** Its networks, in order. */
  readonly attachments: readonly NamedResult[];
  /** Where the host is when that is not a gateway of its networks; `''`: nowhere. */
  readonly host?: string;
  /** Those that share its netns: they are where it is. */
  readonly sharers: readonly Sharer[];
  /** Text of the file it begins with. */
  readonly base: string;
}

export interface NamedResult {
  /** Further names on this network. */
  readonly aliases: readonly string[];
  readonly result: CniResult;
}

/** A container in the netns of another. */
export interface Sharer {
  readonly id: string;
  /** Absent: its id. */
  readonly hostname?: string;
}

/** What podman and Docker call the host. */
const HOST_NAMES = ['host.containers.internal', 'host.docker.internal'];

/**
 * A container's hosts file: the base, what was asked for, the container itself, its host, `localhost`.
 *
 * - What was asked for wins: a name in `add` is not given another address, and in the base's
 *   lines no name is left that the lines after it define.
 * - The container itself: the first address of each family on each network, with hostname, id
 *   and its aliases there; `127.0.0.1` without a network. Behind it each that shares its netns.
 * - Its host: the gateways of its networks, where the host has a link of them; from a private host
 *   an address of the host itself.
 * - `localhost` for a family in which the base has none.
 *
 * @throws MooringError `hosts.noGateway` when `host-gateway` is asked for and there is none
 */
export function containerHosts(input: HostsInput): string {
  const { namespace } = input;
  const asked = askedLines(input);
  const wanted = new Set(input.add.map(({ name }) => name.toLowerCase()));
  const own = [...ownLines(input), ...hostLines(input)].flatMap((line) => without(line, wanted));
  const defined = new Set([...asked, ...own].flatMap(({ names }) => names.map(lower)));
  const kept = baseOf(input.base).flatMap((line) => withoutNames(line, defined));
  const standing = kept.flatMap(({ parsed }) => parsed);
  const local = namespace === 'host' ? [] : localLines([...standing, ...asked]);
  return [
    ...kept.map(({ line }) => line),
    ...asked.map(({ address, names }) => `${address} ${names.join(' ')}`),
    ...own.map(textOf),
    ...local.map(textOf)
  ]
    .map((line) => `${line}\n`)
    .join('');
}

interface HostsLine {
  readonly address: string;
  readonly names: readonly string[];
}

function askedLines(input: HostsInput): readonly HostsLine[] {
  return input.add.flatMap(({ name, address }) => {
    const addresses = address === HOST_GATEWAY ? hostAddresses(input, name) : [address];
    return addresses.map((one) => ({ address: one, names: [name] }));
  });
}

function hostAddresses(input: HostsInput, name: string): readonly string[] {
  const addresses = input.namespace === 'host' ? ['127.0.0.1'] : gatewaysOf(input);
  if (addresses.length > 0) return addresses;
  throw new MooringError(
    'hosts.noGateway',
    `host entry ${name}:${HOST_GATEWAY} of container ${input.id}: none of its networks has a gateway on the host`
  );
}

function ownLines({ sharers, ...input }: HostsInput): readonly HostsLine[] {
  const { namespace, attachments } = input;
  if (namespace === 'host' || namespace === 'path') return [];
  const others = attachments.map(({ result }) => ({ result, aliases: [] }));
  return [
    ...linesOfOne(input, attachments),
    ...sharers.flatMap((sharer) => linesOfOne(sharer, others))
  ];
}

function linesOfOne(
  { id, hostname }: Sharer,
  attachments: readonly NamedResult[]
): readonly HostsLine[] {
  const names = [hostname ?? id, id];
  const lines = attachments.flatMap(({ aliases, result }) =>
    firstAddresses(result).map((address) => ({
      address,
      names: [...new Set([...names, ...aliases])]
    }))
  );
  if (lines.length > 0) return lines;
  return [{ address: '127.0.0.1', names: [...new Set(names)] }];
}

function hostLines(input: HostsInput): readonly HostsLine[] {
  return gatewaysOf(input).map((address) => ({ address, names: HOST_NAMES }));
}

/** Without an interface outside the netns, as of a macvlan, the gateway is a router and not the host. */
function gatewaysOf({ attachments, host }: HostsInput): readonly string[] {
  if (host !== undefined) return host === '' ? [] : [host];
  const gateways = attachments
    .filter(({ result: { interfaces = [] } }) => {
      return interfaces.length === 0 || interfaces.some(({ sandbox }) => !sandbox);
    })
    .flatMap(({ result }) => result.ips ?? [])
    .flatMap(({ gateway }) => (gateway ? [gateway] : []));
  return [...new Set(gateways)];
}

function firstAddresses({ ips = [] }: CniResult): readonly string[] {
  const addresses = ips.map(({ address }) => address.split('/')[0]!);
  const firsts = [true, false].map((isV6) =>
    addresses.find((address) => address.includes(':') === isV6)
  );
  return firsts.filter((address) => address !== undefined).reverse();
}

function localLines(lines: readonly HostsLine[]): readonly HostsLine[] {
  const local = lines.filter(({ names }) => names.map(lower).includes('localhost'));
  return ['127.0.0.1', '::1']
    .filter((wanted) =>
      local.every(({ address }) => address.includes(':') !== wanted.includes(':'))
    )
    .map((address) => ({ address, names: ['localhost'] }));
}

/** A line as it stands in a file, and what it says. */
interface BaseLine {
  readonly line: string;
  readonly parsed: readonly HostsLine[];
}

/** @returns the line as it stands when it has none of the names, and nothing when it has no other */
function withoutNames(base: BaseLine, names: ReadonlySet<string>): readonly BaseLine[] {
  const { parsed } = base;
  if (!parsed.some((one) => one.names.some((name) => names.has(lower(name))))) return [base];
  return parsed
    .flatMap((one) => without(one, names))
    .map((one) => ({ line: textOf(one), parsed: [one] }));
}

/** Read once for all containers whose files begin with the same. */
function baseOf(text: string): readonly BaseLine[] {
  if (last?.text !== text) {
    last = { text, lines: linesOf(text).map((line) => ({ line, parsed: parseLine(line) })) };
  }
  return last.lines;
}

let last: { readonly text: string; readonly lines: readonly BaseLine[] } | undefined;

function without({ address, names }: HostsLine, taken: ReadonlySet<string>): HostsLine[] {
  const left = names.filter((name) => !taken.has(lower(name)));
  return left.length === 0 ? [] : [{ address, names: left }];
}

/** @see hosts(5) */
function parseLine(line: string): HostsLine[] {
  const [address = '', ...names] = line.replace(/#.*$/, '').trim().split(/\s+/);
  return names.length === 0 ? [] : [{ address, names }];
}

function linesOf(text: string): readonly string[] {
  return text
    .replace(/\n$/, '')
    .split('\n')
    .slice(text === '' ? 1 : 0);
}

function textOf({ address, names }: HostsLine): string {
  return `${address}\t${names.join(' ')}`;
}

function lower(name: string): string {
  return name.toLowerCase();
}
