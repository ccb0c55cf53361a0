export type Driver = 'bridge' | 'macvlan' | 'ipvlan';

/** Where addresses come from; `none`: the network has none. */
export type IpamDriver = 'host-local' | 'dhcp' | 'none';

/** A network before its file is written: checked, and with what is left to choose. */
export interface NetworkDraft {
  /** Absent: the bridge's name. */
  readonly name?: string;
  readonly driver: Driver;
  readonly ipam: IpamDriver;
  /** Those that were given, in order. */
  readonly subnets: readonly SubnetPlan[];
  /** Families of which a free subnet is still to be chosen, appended in this order. */
  readonly wanted: readonly (4 | 6)[];
  readonly routes: readonly RoutePlan[];
  /** Bridge; absent: the first free `mooring<N>`. */
  readonly interfaceName?: string;
  readonly internal: boolean;
  /** Whether its containers shall find each other by name, where the host has a program for it. */
  readonly dns: boolean;
  readonly labels: Readonly<Record<string, string>>;
  readonly mtu?: number;
  readonly vlan?: number;
  /** Of the default routes. */
  readonly metric?: number;
  /** Bridge: no traffic between it and other bridges that are isolated. */
  readonly isolate?: boolean;
  /** Of a macvlan or ipvlan. */
  readonly mode?: string;
  /** Parent interface of a macvlan or ipvlan; `''` is the one of the default route. */
  readonly parent?: string;
}

/** A network with nothing left to choose. */
export interface NetworkPlan extends Omit<NetworkDraft, 'wanted' | 'dns'> {
  readonly name: string;
  /** What answers for names: the plugin `dnsname`, or the name server of this root. */
  readonly dns: NamesBy;
}

export type NamesBy = 'dnsname' | 'server' | 'nothing';

export interface RoutePlan {
  /** CIDR without host bits. */
  readonly dst: string;
  readonly gw: string;
  readonly metric?: number;
}

export interface SubnetPlan {
  /** CIDR without host bits. */
  readonly subnet: string;
  readonly gateway?: string;
  readonly rangeStart?: string;
  readonly rangeEnd?: string;
}
