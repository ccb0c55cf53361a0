import type {
  AttachmentPlan,
  ContainerFiles,
  ContainerSpec,
  Netns,
  PortMapping
} from '../../src/model/container.ts';
import type { CniResult } from '../../src/model/cni-result.ts';
import type { Drift } from '../../src/model/drift.ts';
import { SLIRP_DEFAULTS } from '../../src/model/slirp-options.ts';
import type { UplinkSpec, UplinkView } from '../../src/model/uplink.ts';
import { INTERRUPTED, type Failure } from '../../src/model/failure.ts';

export const container = 'web';

export const failure: Failure = { code: 'cni.11', message: 'front for web: the pool is busy' };
export const interrupted: Failure = { code: INTERRUPTED, message: 'front for web: interrupted' };
export const netns: Netns = { path: '/run/netns/mooring-web', device: '4', inode: '4026532200' };
export const files: ContainerFiles = {
  resolvConf: '/var/lib/mooring/files/web/resolv.conf',
  hosts: '/var/lib/mooring/files/web/hosts'
};
export const ruleGone: Drift = {
  network: 'front',
  kind: 'rule',
  object: 'CNI-DN-1',
  text: 'chain CNI-DN-1 of table nat is gone'
};
export const linkGone: Drift = {
  network: 'front',
  kind: 'link',
  object: 'eth0',
  text: 'interface eth0 is gone'
};
export const result: CniResult = { cniVersion: '1.1.0' };

export const port: PortMapping = {
  hostIp: '',
  hostPort: 8080,
  containerPort: 80,
  range: 1,
  protocol: 'tcp'
};

export const slirp: UplinkSpec = { kind: 'slirp4netns', options: SLIRP_DEFAULTS };

export const uplinkView: UplinkView = {
  kind: 'slirp4netns',
  ifName: 'tap0',
  addresses: ['10.0.2.100/24'],
  gateway: '10.0.2.2',
  gateway6: '',
  nameservers: ['10.0.2.3'],
  hostAddress: ''
};

/** A spec that asks for these networks, with a port to publish or without. */
export function specOf(
  networks: readonly string[],
  ports: readonly PortMapping[] = []
): ContainerSpec {
  return {
    id: container,
    networks: networks.map((network, index) => ({ network, ifName: `eth${index}` })),
    ports
  };
}

/** What resolving these networks answers; each makes a bridge of its own. */
export function plansOf(networks: readonly string[]): AttachmentPlan[] {
  return networks.map((network, index) => ({
    network,
    ifName: `eth${index}`,
    conflist: {
      name: network,
      cniVersion: '1.1.0',
      disableCheck: false,
      disableGC: false,
      loadOnlyInlinedPlugins: false,
      plugins: [
        { type: 'bridge', bridge: `br-${network}` },
        { type: 'portmap', capabilities: { portMappings: true } }
      ],
      raw: { name: network, cniVersion: '1.1.0' }
    },
    args: [],
    capabilityArgs: {}
  }));
}
