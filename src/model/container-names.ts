import * as v from 'valibot';
import { HOST_GATEWAY } from './container.ts';
import type { ContainerSpec, DnsSpec, HostEntry, HostsSpec } from './container.ts';
import { isDomain, nameserverOf, parseDnsServer } from './dns-option.ts';
import { parseResolverOption, parseSearchDomain } from './dns-option.ts';
import { MooringError } from './failure.ts';

const EACH_MAX = 64;
// HOST_NAME_MAX of the kernel.
const HOSTNAME_MAX_CHARS = 64;

const texts = v.optional(v.pipe(v.array(v.string()), v.maxLength(EACH_MAX)));

/** `hostname`, `dns` and `hosts` of a container's spec as a caller gives them. */
export const namesInput = {
  hostname: v.optional(v.string()),
  dns: v.optional(
    v.lazy((input) =>
      typeof input === 'string'
        ? v.literal('none')
        : v.strictObject({ servers: texts, search: texts, options: texts })
    )
  ),
  hosts: v.optional(
    v.strictObject({
      add: texts,
      none: v.optional(v.boolean()),
      file: v.optional(v.string())
    })
  )
};

interface NamesGiven {
  readonly hostname?: string | undefined;
  readonly dns?: DnsGiven | undefined;
  readonly hosts?: HostsGiven | undefined;
}

type DnsGiven =
  | 'none'
  | {
      readonly servers?: readonly string[] | undefined;
      readonly search?: readonly string[] | undefined;
      readonly options?: readonly string[] | undefined;
    };

interface HostsGiven {
  readonly add?: readonly string[] | undefined;
  readonly none?: boolean | undefined;
  readonly file?: string | undefined;
}

/** How a container reaches the network, as far as its names depend on it. */
export type NamesMode = 'none' | 'container' | 'other';

/**
 * What a container shall be called, and what names it shall know. What says nothing is left out.
 *
 * @throws MooringError `hostname.bad`, `dns.badServer`, `dns.badSearch`, `dns.badOption`, `hosts.badEntry`,
 *   `hosts.badFile`; `dns.conflict`, `hosts.conflict`, `hosts.noGateway` for what can't be combined
 */
export function parseNames(
  { hostname, dns, hosts }: NamesGiven,
  mode: NamesMode
): Pick<ContainerSpec, 'hostname' | 'dns' | 'hosts'> {
  const dnsSpec = dns === undefined ? undefined : parseDns(dns, mode);
  const hostsSpec = hosts === undefined ? undefined : parseHosts(hosts, mode);
  return {
    ...(hostname !== undefined && { hostname: parseHostname(hostname) }),
    ...(dnsSpec && { dns: dnsSpec }),
    ...(hostsSpec && { hosts: hostsSpec })
  };
}

/**
 * A host name of RFC 1123, `_` allowed, at most 64 characters.
 *
 * @throws MooringError `hostname.bad`
 */
export function parseHostname(text: string): string {
  if (text.length <= HOSTNAME_MAX_CHARS && isDomain(text) && !text.endsWith('.')) return text;
  throw new MooringError(
    'hostname.bad',
    `hostname ${quote(text)} must be 1 to ${HOSTNAME_MAX_CHARS} letters, digits, "-", "_" and "."`
  );
}

/**
 * One entry for the hosts file, `--add-host NAME:ADDRESS`, split at the first colon.
 *
 * `host-gateway` as the address is the host as the container reaches it.
 *
 * @throws MooringError `hosts.badEntry`
 */
export function parseAddHost(text: string): HostEntry {
  const colon = text.indexOf(':');
  const name = text.slice(0, Math.max(colon, 0));
  const given = text.slice(colon + 1).replace(/^\[(.*)\]$/, '$1');
  const address = given === HOST_GATEWAY ? given : nameserverOf(given);
  if (isDomain(name) && address !== undefined && !address.includes('%')) return { name, address };
  throw new MooringError(
    'hosts.badEntry',
    `host entry ${quote(text)} must be NAME:ADDRESS, with an IP address or "${HOST_GATEWAY}"`
  );
}

function parseDns(given: DnsGiven, mode: NamesMode): DnsSpec | 'none' | undefined {
  if (given === 'none') return given;
  const spec = {
    servers: unique(given.servers, parseDnsServer),
    search: unique(given.search, parseSearchDomain),
    options: unique(given.options, parseResolverOption)
  };
  if (Object.values(spec).every(({ length }) => length === 0)) return undefined;
  if (mode === 'other') return spec;
  throw new MooringError(
    'dns.conflict',
    `DNS servers, search domains and options can't be combined with the network mode "${mode}"`
  );
}

function parseHosts({ add, none, file }: HostsGiven, mode: NamesMode): HostsSpec | undefined {
  const entries = (add ?? []).map(parseAddHost);
  if (none && (entries.length > 0 || file !== undefined)) {
    throw conflict("no hosts file can't be combined with entries or a file for it");
  }
  if (mode === 'container' && (none || entries.length > 0 || file !== undefined)) {
    throw conflict("a container that shares another's network has the hosts file of that one");
  }
  if (mode === 'none') refuseGateways(entries);
  if (none) return { none: true };
  const spec = {
    ...(entries.length > 0 && { add: entries }),
    ...(file !== undefined && { file: parseFile(file) })
  };
  return Object.keys(spec).length === 0 ? undefined : spec;
}

function refuseGateways(entries: readonly HostEntry[]): void {
  const entry = entries.find(({ address }) => address === HOST_GATEWAY);
  if (entry === undefined) return;
  throw new MooringError(
    'hosts.noGateway',
    `host entry ${entry.name}:${HOST_GATEWAY} needs a network, not none`
  );
}

function parseFile(path: string): string {
  if (path.startsWith('/') && !path.includes('\0')) return path;
  throw new MooringError('hosts.badFile', `hosts file ${quote(path)} must be an absolute path`);
}

function conflict(rule: string): MooringError {
  return new MooringError('hosts.conflict', rule);
}

function unique(
  texts: readonly string[] | undefined,
  parse: (text: string) => string
): readonly string[] {
  return [...new Set((texts ?? []).map(parse))];
}

function quote(text: string): string {
  const quoted = JSON.stringify(text);
  return quoted.length <= 64 ? quoted : `${quoted.slice(0, 60)}…"`;
}
