/**
 * A plugin's answer to ADD, in the form of CNI 1.1.0 whatever version it spoke.
 *
 * @see CNI specification 1.1.0, section 5
 */
export interface CniResult {
  readonly cniVersion: string;
  readonly interfaces?: readonly CniInterface[];
  readonly ips?: readonly CniIp[];
  readonly routes?: readonly CniRoute[];
  readonly dns?: CniDns;
}

export interface CniInterface {
  readonly name: string;
  readonly mac?: string;
  readonly mtu?: number;
  /** Path of the netns; absent on the host. */
  readonly sandbox?: string;
  readonly socketPath?: string;
  readonly pciID?: string;
}

export interface CniIp {
  /** With the host bits: `10.88.0.5/16`. */
  readonly address: string;
  readonly gateway?: string;
  /** Index in `interfaces`; 0 is meaningful. */
  readonly interface?: number;
}

export interface CniRoute {
  /** CIDR. */
  readonly dst: string;
  readonly gw?: string;
  readonly mtu?: number;
  readonly advmss?: number;
  readonly priority?: number;
  readonly table?: number;
  readonly scope?: number;
}

export interface CniDns {
  readonly nameservers?: readonly string[];
  readonly domain?: string;
  readonly search?: readonly string[];
  readonly options?: readonly string[];
}
