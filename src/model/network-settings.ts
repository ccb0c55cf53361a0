import type { CniResult } from './cni-result.ts';
import type { PortMapping } from './container.ts';
import { unpublished } from './port-expose.ts';
import type { UplinkView } from './uplink.ts';
import { isLive, type AttachmentView, type ContainerView } from './view.ts';

/**
 * `NetworkSettings` of a container, with the fields and types of Docker's and podman's inspect.
 *
 * The address fields at the top are those of the first network. There is an entry for each network
 * it is a member of, or attached to, and none for the modes `none`, `host` and `ns:`.
 */
export interface NetworkSettings extends EndpointSettings {
  readonly Bridge: '';
  readonly SandboxID: string;
  readonly SandboxKey: string;
  readonly HairpinMode: false;
  readonly LinkLocalIPv6Address: '';
  readonly LinkLocalIPv6PrefixLen: 0;
  /** By container port, `80/tcp`; `null` for one that is exposed and not published. */
  readonly Ports: Readonly<Record<string, readonly PortBinding[] | null>>;
  readonly Networks: Readonly<Record<string, NetworkEndpoint>>;
}

export interface EndpointSettings {
  readonly EndpointID: string;
  readonly Gateway: string;
  readonly IPAddress: string;
  readonly IPPrefixLen: number;
  readonly SecondaryIPAddresses: readonly SecondaryAddress[];
  readonly IPv6Gateway: string;
  readonly GlobalIPv6Address: string;
  readonly GlobalIPv6PrefixLen: number;
  readonly SecondaryIPv6Addresses: readonly SecondaryAddress[];
  readonly MacAddress: string;
}

export interface NetworkEndpoint extends EndpointSettings {
  /** sha256 of the network's name, hex. */
  readonly NetworkID: string;
  /** Name inside the container; `''` until it is attached. */
  readonly InterfaceName: string;
  readonly Aliases: readonly string[];
  readonly DriverOpts: null;
  readonly IPAMConfig: null;
  readonly Links: null;
  /** Why membership and attachment don't agree; absent when they do. */
  readonly Mismatch?: string;
}

/** Makes ids; this module stays importable where there is no `node:crypto`. */
export interface Identify {
  /** Of a network by its name. */
  network(name: string): string;
  /** Of a container's attachment to a network, for as long as it lasts. */
  endpoint(container: string, network: string): string;
}

export interface SecondaryAddress {
  readonly Addr: string;
  readonly PrefixLength: number;
}

export interface PortBinding {
  readonly HostIp: string;
  readonly HostPort: string;
}

const noAddresses: EndpointSettings = {
  EndpointID: '',
  Gateway: '',
  IPAddress: '',
  IPPrefixLen: 0,
  SecondaryIPAddresses: [],
  IPv6Gateway: '',
  GlobalIPv6Address: '',
  GlobalIPv6PrefixLen: 0,
  SecondaryIPv6Addresses: [],
  MacAddress: ''
};

export function networkSettings(view: ContainerView, ids: Identify): NetworkSettings {
  const first = view.attachments[0];
  return {
    ...(first?.result ? endpoint(view, first, ids) : ofUplink(view.uplink)),
    Bridge: '',
    SandboxID: view.netns ? `${view.netns.device}:${view.netns.inode}` : '',
    SandboxKey: view.netns?.path ?? '',
    HairpinMode: false,
    LinkLocalIPv6Address: '',
    LinkLocalIPv6PrefixLen: 0,
    Ports: { ...exposedOnly(view), ...bindings(view.ports) },
    Networks: Object.fromEntries(
      networksOf(view).map((network) => [network, networkEndpoint(view, network, ids)])
    )
  };
}

/** `bridge`, `none`, `host`, `ns:/run/netns/blue`, `container:web`, `slirp4netns` or `pasta`. */
export function networkMode({ spec }: Pick<ContainerView, 'spec'>): string {
  const { namespace, isolated, uplink } = spec;
  if (uplink !== undefined) return uplink.kind;
  switch (namespace?.kind) {
    case 'path':
      return `ns:${namespace.path}`;
    case 'container':
      return `container:${namespace.container}`;
    case 'host':
      return 'host';
    default:
      return isolated ? 'none' : 'bridge';
  }
}

/** Members in their order, then what is attached without being one. */
function networksOf({ spec, attachments }: ContainerView): readonly string[] {
  return [...new Set([...spec.networks, ...attachments].map(({ network }) => network))];
}

function networkEndpoint(view: ContainerView, network: string, ids: Identify): NetworkEndpoint {
  const attachment = view.attachments.find((other) => other.network === network);
  const member = view.spec.networks.find((other) => other.network === network);
  const mismatch = mismatchOf(view, network);
  return {
    ...(attachment?.result ? endpoint(view, attachment, ids) : noAddresses),
    NetworkID: ids.network(network),
    InterfaceName: attachment?.result ? attachment.ifName : '',
    Aliases: member?.aliases ?? attachment?.aliases ?? [],
    DriverOpts: null,
    IPAMConfig: null,
    Links: null,
    ...(mismatch !== undefined && { Mismatch: mismatch })
  };
}

function mismatchOf({ spec, attachments, state }: ContainerView, network: string) {
  const attachment = attachments.find((other) => other.network === network);
  if (!spec.networks.some((other) => other.network === network)) {
    return attachment?.result
      ? 'attached without being a member: a disconnect or a teardown did not finish'
      : 'being attached, or taken off again, without being a member yet';
  }
  if (attachment?.result || (!isLive(state) && attachment === undefined)) return undefined;
  return 'a member without a result: it is not attached';
}

/** Each family is filled for itself: a v6 address after a v4 one is still the first of its family. */
function endpoint(
  { id }: ContainerView,
  { network, ifName, result }: AttachmentView,
  ids: Identify
): EndpointSettings {
  const { ips = [], interfaces = [] }: Pick<CniResult, 'ips' | 'interfaces'> = result ?? {};
  const inside = interfaces.find(({ name, sandbox }) => name === ifName && sandbox);
  return {
    EndpointID: ids.endpoint(id, network),
    ...addressFields(ips),
    MacAddress: inside?.mac ?? ''
  };
}

type AddressFields = Omit<EndpointSettings, 'EndpointID' | 'MacAddress'>;

function addressFields(
  ips: readonly { readonly address: string; readonly gateway?: string }[]
): AddressFields {
  const v4 = ips.filter(({ address }) => !address.includes(':'));
  const v6 = ips.filter(({ address }) => address.includes(':'));
  return {
    Gateway: v4[0]?.gateway ?? '',
    IPAddress: split(v4[0]?.address).Addr,
    IPPrefixLen: split(v4[0]?.address).PrefixLength,
    SecondaryIPAddresses: v4.slice(1).map(({ address }) => split(address)),
    IPv6Gateway: v6[0]?.gateway ?? '',
    GlobalIPv6Address: split(v6[0]?.address).Addr,
    GlobalIPv6PrefixLen: split(v6[0]?.address).PrefixLength,
    SecondaryIPv6Addresses: v6.slice(1).map(({ address }) => split(address))
  };
}

/** The addresses alone: there is no network that it is an endpoint of. */
function ofUplink(uplink: UplinkView | null): EndpointSettings {
  if (uplink === null) return noAddresses;
  const { addresses, gateway, gateway6 } = uplink;
  return {
    ...noAddresses,
    ...addressFields(
      addresses.map((address) => ({
        address,
        gateway: address.includes(':') ? gateway6 : gateway
      }))
    )
  };
}

function split(cidr: string | undefined): SecondaryAddress {
  if (cidr === undefined) return { Addr: '', PrefixLength: 0 };
  const [address = '', prefix = '0'] = cidr.split('/');
  return { Addr: address, PrefixLength: Number(prefix) };
}

function exposedOnly({ spec, ports }: ContainerView): Record<string, null> {
  const single = unpublished(spec.expose ?? [], ports).flatMap(({ port, range, protocol }) =>
    Array.from({ length: range }, (_, offset) => [`${port + offset}/${protocol}`, null] as const)
  );
  return Object.fromEntries(single);
}

function bindings(ports: readonly PortMapping[]): Record<string, readonly PortBinding[]> {
  const byPort: Record<string, PortBinding[]> = {};
  for (const { hostIp, hostPort, containerPort, range, protocol } of ports) {
    for (let offset = 0; offset < range; offset += 1) {
      const binding = { HostIp: hostIp, HostPort: String(hostPort + offset) };
      (byPort[`${containerPort + offset}/${protocol}`] ??= []).push(binding);
    }
  }
  return byPort;
}
