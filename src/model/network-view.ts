import type { JsonObject } from './json.ts';

/** What a network shall be; everything has a default. */
export interface NetworkInput {
  /** Default: the bridge's name, `mooring1`. */
  readonly name?: string;
  /** Default `bridge`. */
  readonly driver?: 'bridge' | 'macvlan' | 'ipvlan';
  /** CIDRs; default one free IPv4 /24. */
  readonly subnets?: readonly string[];
  /** Paired with `subnets` by position. */
  readonly gateways?: readonly string[];
  /** CIDRs within `subnets`, paired by position. */
  readonly ipRanges?: readonly string[];
  readonly ipv6?: boolean;
  readonly internal?: boolean;
  readonly interfaceName?: string;
  readonly labels?: Readonly<Record<string, string>>;
  /** `mtu`, `metric`; `vlan`, `isolate` of a bridge; `parent`, `mode` of a macvlan or ipvlan. */
  readonly options?: Readonly<Record<string, string>>;
  /** Default: `host-local`; without a subnet `dhcp` for a macvlan and `none` for an ipvlan. */
  readonly ipamDriver?: 'host-local' | 'dhcp' | 'none';
  /** For its containers, `DESTINATION,GATEWAY[,METRIC]` each. */
  readonly routes?: readonly string[];
  /** No names for its containers, where the host could give them. */
  readonly disableDns?: boolean;
  /** A network of that name is taken as it is. */
  readonly ignoreIfExists?: boolean;
}

/** A network, in the words of `podman network inspect` 4. */
export interface NetworkView {
  readonly name: string;
  /** sha256 of the name, hex. */
  readonly id: string;
  readonly driver: string;
  /** Bridge or parent interface; `''` when there is none. */
  readonly network_interface: string;
  /** RFC 3339, from the file's time. */
  readonly created: string;
  readonly subnets: readonly {
    readonly subnet: string;
    readonly gateway?: string;
    readonly lease_range?: { readonly start_ip?: string; readonly end_ip?: string };
  }[];
  /** Without the default routes that follow from the subnets; absent: none. */
  readonly routes?: readonly {
    readonly destination: string;
    readonly gateway: string;
    readonly metric?: number;
  }[];
  readonly ipv6_enabled: boolean;
  readonly internal: boolean;
  readonly dns_enabled: boolean;
  readonly labels: Readonly<Record<string, string>>;
  readonly options: Readonly<Record<string, string>>;
  readonly ipam_options: { readonly driver: string };
  readonly cniVersion: string;
  /** As they stand in the conflist. */
  readonly plugins: readonly JsonObject[];
  /** Absolute path of the file that defines it. */
  readonly file: string;
}

/** Values of one key are alternatives, except those of `label`; different keys must all hold. */
export interface NetworkFilter {
  readonly key: string;
  readonly value: string;
}
