import type { CniResult } from './cni-result.ts';
import type { PortMapping } from './container.ts';
import { unpublished } from './port-expose.ts';
import type { AttachmentView, ContainerView } from './view.ts';

/**
 * `NetworkSettings` of a container, with the fields and types of Docker's and podman's inspect.
 *
 * The address fields at the top are those of the first network.
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
  /** The network's name, as podman writes it. */
  readonly NetworkID: string;
  /** Name inside the container; `''` until it is attached. */
  readonly InterfaceName: string;
  readonly Aliases: readonly string[];
  readonly DriverOpts: null;
  readonly IPAMConfig: null;
  readonly Links: null;
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

export function networkSettings(view: ContainerView): NetworkSettings {
  const first = view.attachments[0]?.result;
  return {
    ...(first ? endpoint(view.attachments[0]?.ifName ?? '', first) : noAddresses),
    Bridge: '',
    SandboxID: view.netns ? `${view.netns.device}:${view.netns.inode}` : '',
    SandboxKey: view.netns?.path ?? '',
    HairpinMode: false,
    LinkLocalIPv6Address: '',
    LinkLocalIPv6PrefixLen: 0,
    Ports: { ...exposedOnly(view), ...bindings(view.ports) },
    Networks: Object.fromEntries(
      view.spec.networks.map(({ network }) => [network, networkEndpoint(view, network)])
    )
  };
}

function networkEndpoint(view: ContainerView, network: string): NetworkEndpoint {
  const attachment: AttachmentView | undefined = view.attachments.find(
    (other) => other.network === network
  );
  const addresses = attachment?.result
    ? endpoint(attachment.ifName, attachment.result)
    : noAddresses;
  return {
    ...addresses,
    NetworkID: network,
    InterfaceName: attachment?.result ? attachment.ifName : '',
    Aliases: attachment?.aliases ?? [],
    DriverOpts: null,
    IPAMConfig: null,
    Links: null
  };
}

/** Each family is filled for itself: a v6 address after a v4 one is still the first of its family. */
function endpoint(ifName: string, { ips = [], interfaces = [] }: CniResult): EndpointSettings {
  const v4 = ips.filter(({ address }) => !address.includes(':'));
  const v6 = ips.filter(({ address }) => address.includes(':'));
  const inside = interfaces.find(({ name, sandbox }) => name === ifName && sandbox);
  return {
    EndpointID: '',
    Gateway: v4[0]?.gateway ?? '',
    IPAddress: split(v4[0]?.address).Addr,
    IPPrefixLen: split(v4[0]?.address).PrefixLength,
    SecondaryIPAddresses: v4.slice(1).map(({ address }) => split(address)),
    IPv6Gateway: v6[0]?.gateway ?? '',
    GlobalIPv6Address: split(v6[0]?.address).Addr,
    GlobalIPv6PrefixLen: split(v6[0]?.address).PrefixLength,
    SecondaryIPv6Addresses: v6.slice(1).map(({ address }) => split(address)),
    MacAddress: inside?.mac ?? ''
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
