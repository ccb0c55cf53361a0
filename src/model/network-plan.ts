/** A network before its file is written: checked, and with what is left to choose. */
export interface NetworkDraft {
  /** Absent: the bridge's name. */
  readonly name?: string;
  readonly driver: 'bridge' | 'macvlan';
  /** Those that were given, in order. */
  readonly subnets: readonly SubnetPlan[];
  /** Families of which a free subnet is still to be chosen, appended in this order. */
  readonly wanted: readonly (4 | 6)[];
  /** Bridge; absent: the first free `mooring<N>`. */
  readonly interfaceName?: string;
  readonly internal: boolean;
  readonly labels: Readonly<Record<string, string>>;
  readonly mtu?: number;
  readonly vlan?: number;
  /** Parent interface of a macvlan; `''` is the one of the default route. */
  readonly parent?: string;
}

/** A network with nothing left to choose. */
export interface NetworkPlan extends Omit<NetworkDraft, 'wanted'> {
  readonly name: string;
}

export interface SubnetPlan {
  /** CIDR without host bits. */
  readonly subnet: string;
  readonly gateway?: string;
  readonly rangeStart?: string;
  readonly rangeEnd?: string;
}
