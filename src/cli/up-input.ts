import { isIPv4, isIPv6 } from 'node:net';
import type { AttachmentInput, DnsInput, HostsInput, UpInput } from '../index.ts';
import type { Library } from './deps.ts';
import { usage } from './errors.ts';

/** The network that `bridge`, and no `--network` at all, stand for. */

/** Options of `up` as commander gives them. */
export interface UpOptions {
  readonly network?: readonly string[];
  readonly publish?: readonly string[];
  readonly ip?: string;
  readonly ip6?: string;
  readonly macAddress?: string;
  readonly networkAlias?: readonly string[];
  readonly hostname?: string;
  readonly dns?: readonly string[];
  readonly dnsSearch?: readonly string[];
  readonly dnsOpt?: readonly string[];
  /** What podman's documentation calls `--dns-opt` in places. */
  readonly dnsOption?: readonly string[];
  readonly addHost?: readonly string[];
  readonly hosts?: boolean;
  readonly hostsFile?: string;
}

/**
 * What `mooring up` asks of the library.
 *
 * @throws CliError `cli.usage` when options contradict each other
 * @throws MooringError when a network or a port cannot be parsed
 */
export function upInput(
  library: Pick<Library, 'parsePublish' | 'parseNetworkOption' | 'DEFAULT_NETWORK'>,
  id: string,
  options: UpOptions
): UpInput {
  const networks = networksOf(library, options);
  const ports = (options.publish ?? []).map((text) => library.parsePublish(text));
  return {
    id,
    ...(networks === undefined ? {} : { networks }),
    ...(ports.length === 0 ? {} : { ports }),
    ...namesOf(options)
  };
}

function namesOf(options: UpOptions): Pick<UpInput, 'hostname' | 'dns' | 'hosts'> {
  const { hostname } = options;
  const [dns, hosts] = [dnsOf(options), hostsOf(options)];
  return {
    ...(hostname === undefined ? {} : { hostname }),
    ...(dns === undefined ? {} : { dns }),
    ...(hosts === undefined ? {} : { hosts })
  };
}

function dnsOf({ dns, dnsSearch, dnsOpt, dnsOption }: UpOptions): DnsInput | 'none' | undefined {
  const [servers, search] = [dns ?? [], dnsSearch ?? []];
  const options = [...(dnsOpt ?? []), ...(dnsOption ?? [])];
  const count = servers.length + search.length + options.length;
  if (count === 0) return undefined;
  if (!servers.includes('none')) return { servers, search, options };
  if (count === 1) return 'none';
  throw usage('--dns none cannot be combined with another --dns, --dns-search or --dns-opt');
}

function hostsOf({ addHost, hosts = true, hostsFile }: UpOptions): HostsInput | undefined {
  if (!hosts && addHost !== undefined) {
    throw usage('--no-hosts and --add-host cannot be combined');
  }
  if (!hosts && hostsFile !== undefined) {
    throw usage('--no-hosts and --hosts-file cannot be combined');
  }
  if (!hosts || hostsFile === 'none') return { none: true };
  if (addHost === undefined && hostsFile === undefined) return undefined;
  return {
    ...(addHost === undefined ? {} : { add: addHost }),
    ...(hostsFile === undefined ? {} : { file: hostsFile })
  };
}

function networksOf(
  library: Pick<Library, 'parseNetworkOption' | 'DEFAULT_NETWORK'>,
  options: UpOptions
): UpInput['networks'] {
  const own = attachmentOptions(options);
  const given = (options.network ?? []).map((text) =>
    library.parseNetworkOption(text, library.DEFAULT_NETWORK)
  );
  if (given.includes('none')) return none(given.length, own);

  const attachments = given.flatMap((one) => (one === 'none' ? [] : one));
  if (attachments.length > 1) refuseAddresses(attachments.length, own);
  if (attachments.length > 0) return attachments.map((one) => merged(one, own));
  // Which network it is is left to the library as long as nothing more is said of it.
  return isEmpty(own) ? undefined : [merged({ name: library.DEFAULT_NETWORK }, own)];
}

interface Own {
  readonly ips: readonly string[];
  readonly mac: string | undefined;
  readonly aliases: readonly string[];
}

function attachmentOptions({ ip, ip6, macAddress, networkAlias }: UpOptions): Own {
  if (ip !== undefined && !isIPv4(ip)) throw usage(`--ip "${ip}" is not an IPv4 address`);
  if (ip6 !== undefined && !isIPv6(ip6)) throw usage(`--ip6 "${ip6}" is not an IPv6 address`);
  const ips = [ip, ip6].filter((address) => address !== undefined);
  return { ips, mac: macAddress, aliases: networkAlias ?? [] };
}

function isEmpty({ ips, mac, aliases }: Own): boolean {
  return ips.length === 0 && mac === undefined && aliases.length === 0;
}

function none(count: number, own: Own): 'none' {
  if (count > 1) throw usage('--network none cannot be combined with another network');
  if (isEmpty(own)) return 'none';
  throw usage('--ip, --ip6, --mac-address and --network-alias need a network, not none');
}

function refuseAddresses(count: number, { ips, mac }: Own): void {
  if (ips.length === 0 && mac === undefined) return;
  throw usage(
    `--ip, --ip6 and --mac-address need exactly one network, ${count} are given; use --network NAME:ip=…,mac=…`
  );
}

function merged(attachment: AttachmentInput, { ips, mac, aliases }: Own): AttachmentInput {
  const allIps = [...(attachment.ips ?? []), ...ips];
  const allAliases = [...(attachment.aliases ?? []), ...aliases];
  return {
    ...attachment,
    ...(allIps.length === 0 ? {} : { ips: allIps }),
    ...(mac === undefined ? {} : { mac }),
    ...(allAliases.length === 0 ? {} : { aliases: allAliases })
  };
}
