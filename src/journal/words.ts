// What a redacted journal keeps, because charts and plugins go by it.

/** Fields of ours whose texts are words of ours. */
export const OUR_WORDS: ReadonlySet<string> = new Set([
  'type',
  'kind',
  'code',
  'protocol',
  'timer',
  'driver',
  'status',
  'value',
  'thoroughness'
]);

/** Fields that hold what a conflist or a plugin says, down to their last part. */
export const FOREIGN_FIELDS: ReadonlySet<string> = new Set([
  'conflist',
  'capabilityArgs',
  'result',
  'args'
]);

/** Names of fields within those that the CNI specification, its common plugins or we gave. */
export const CNI_FIELDS: ReadonlySet<string> = new Set(
  [
    'name cniVersion cniVersions disableCheck disableGC loadOnlyInlinedPlugins plugins raw type',
    'capabilities ipam dns prevResult runtimeConfig args routes ranges subnet gateway rangeStart',
    'rangeEnd dst gw mtu advmss priority table scope address addresses interface interfaces mac',
    'sandbox ips version nameservers domain search options bridge isGateway isDefaultGateway',
    'forceAddress ipMasq hairpinMode promiscMode vlan vlanTrunk preserveDefaultVlan macspoofchk',
    'master mode macvlan ipvlan linkInContainer resolvConf dataDir portMappings portmap snat',
    'conditionsV4 conditionsV6 markMasqBit externalSetMarkChain masqAll backend iptablesAdminChainName',
    'firewalldZone ingressPolicy sysctl promisc allmulti aliases domainName multiDomain hostPort',
    'containerPort protocol hostIP range bandwidth ingressRate ingressBurst egressRate egressBurst',
    'ipRanges deviceID infinibandGUID tuning firewall noop socketPath pciID mtuDisabled'
  ].flatMap((line) => line.split(' '))
);

/** Plugins that everybody has. */
export const PLUGIN_TYPES: ReadonlySet<string> = new Set(
  (
    'bridge host-local static dhcp portmap firewall tuning bandwidth loopback ptp macvlan ipvlan ' +
    'vlan vrf host-device dummy sbr dnsname podman-machine flannel'
  ).split(' ')
);

/** What the stand-in for a text in these fields is called by. */
export const FIELDS_OF_NAMES: Readonly<Record<string, string>> = {
  id: 'container',
  container: 'container',
  holder: 'container',
  holders: 'container',
  namespace: 'container',
  network: 'network',
  networks: 'network',
  heldNetworks: 'network',
  turns: 'network',
  name: 'name',
  ifName: 'if',
  bridge: 'bridge',
  bridges: 'bridge'
};
