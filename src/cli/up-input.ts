import { isIPv4, isIPv6 } from 'node:net';
import type { AttachmentInput, UpInput } from '../index.ts';
import type { Library } from './deps.ts';
import { usage } from './errors.ts';
import { namesOf, type NamesOptions } from './names-input.ts';

/** Options of `up` as commander gives them. */
export interface UpOptions extends NamesOptions {
  readonly network?: readonly string[];
  readonly publish?: readonly string[];
  readonly publishAll?: true;
  readonly expose?: readonly string[];
  readonly ip?: string;
  readonly ip6?: string;
  readonly macAddress?: string;
  readonly networkAlias?: readonly string[];
  readonly netnsPid?: string;
}

/**
 * What `mooring up` asks of the library.
 *
 * @throws CliError `cli.usage` when options contradict each other
 * @throws MooringError when a network or a port cannot be parsed
 */
export function upInput(
  library: Pick<Library, 'parseExpose' | 'parsePublish' | 'parseNetworkOption' | 'DEFAULT_NETWORK'>,
  id: string,
  options: UpOptions
): UpInput {
  const { networks, netns, uplink } = placeOf(library, options);
  const ports = (options.publish ?? []).flatMap((text) => library.parsePublish(text));
  const expose = (options.expose ?? []).flatMap((text) => library.parseExpose(text));
  return {
    id,
    ...(networks === undefined ? {} : { networks }),
    ...(netns === undefined ? {} : { netns }),
    ...(uplink === undefined ? {} : { uplink }),
    ...(ports.length === 0 ? {} : { ports }),
    ...(expose.length === 0 ? {} : { expose }),
    ...(options.publishAll ? { publishAll: true } : {}),
    ...namesOf(options)
  };
}

type Place = Pick<UpInput, 'networks' | 'netns' | 'uplink'>;

/** Where it is, and what it is attached to there. */
function placeOf(
  library: Pick<Library, 'parseNetworkOption' | 'DEFAULT_NETWORK'>,
  options: UpOptions
): Place {
  const { netnsPid } = options;
  const given = (options.network ?? []).map((text) =>
    library.parseNetworkOption(text, library.DEFAULT_NETWORK)
  );
  const [place] = given.filter(isPlace);
  if (place === undefined) {
    const networks = networksOf(library, options);
    const attached = networks === undefined ? {} : { networks };
    return netnsPid === undefined ? attached : { ...attached, netns: { pid: pidOf(netnsPid) } };
  }
  if (given.length > 1)
    throw usage(`--network ${options.network![0]!} and another exclude each other`);
  if (!isEmpty(attachmentOptions(options))) {
    throw usage('--ip, --ip6, --mac-address and --network-alias need a network to be attached');
  }
  if (netnsPid === undefined) return place;
  if ('uplink' in place) return { ...place, netns: { pid: pidOf(netnsPid) } };
  throw usage(`--netns-pid and --network ${options.network![0]!} exclude each other`);
}

type Given = ReturnType<Library['parseNetworkOption']>;
type GivenPlace = Extract<Given, { readonly netns: unknown } | { readonly uplink: unknown }>;

function isPlace(one: Given): one is GivenPlace {
  return typeof one === 'object' && ('netns' in one || 'uplink' in one);
}

function pidOf(text: string): number {
  if (/^[1-9]\d{0,6}$/.test(text)) return Number(text);
  throw usage(`--netns-pid "${text}" must be a process id`);
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

  const attachments = given.flatMap((one) => (one === 'none' || isPlace(one) ? [] : one));
  if (attachments.length > 1) refuseAddresses(attachments.length, own);
  if (attachments.length > 0) return attachments.map((one) => merged(one, own));
  // Which network it is is left to the library as long as nothing more is said of it.
  return isEmpty(own) ? undefined : [merged({ name: library.DEFAULT_NETWORK }, own)];
}

export type AttachmentOptions = Pick<UpOptions, 'ip' | 'ip6' | 'macAddress' | 'networkAlias'>;

/** One network with what is asked of it. @throws CliError `cli.usage` */
export function attachmentOf(name: string, options: AttachmentOptions): AttachmentInput {
  return merged({ name }, attachmentOptions(options));
}

interface Own {
  readonly ips: readonly string[];
  readonly mac: string | undefined;
  readonly aliases: readonly string[];
}

function attachmentOptions({ ip, ip6, macAddress, networkAlias }: AttachmentOptions): Own {
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
