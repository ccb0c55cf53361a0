/** A network of the plugins that are there everywhere; stand-ins never run them. */
export const conflist = {
  cniVersion: '1.0.0',
  name: 'bench',
  plugins: [
    {
      type: 'bridge',
      bridge: 'bench0',
      ipam: { type: 'host-local', ranges: [[{ subnet: '10.91.0.0/16' }]] }
    },
    { type: 'portmap', capabilities: { portMappings: true } }
  ]
};
const result = {
  cniVersion: '1.0.0',
  interfaces: [{ name: 'eth0', sandbox: '/run/netns/bench' }],
  ips: [{ address: '10.91.0.3/16', interface: 0 }]
};

/** Stand-ins for whatever reaches the host; what is left is the loop, the machines and the store. */
const atOnce = {
  'cni.add': ({ container, attachment: { network } }) => ({
    type: 'attachment.added',
    container,
    network,
    result
  }),
  'cni.del': ({ container, attachment: { network } }) => ({
    type: 'attachment.deleted',
    container,
    network
  }),
  'netns.create': ({ namespace }) => ({
    type: 'netns.created',
    namespace,
    netns: { path: '/run/netns/bench', device: '4', inode: '4026532000' }
  }),
  'netns.remove': ({ namespace }) => ({ type: 'netns.removed', namespace }),
  'network.prepare': ({ network }) => ({
    type: 'network.prepared',
    network,
    baseline: { bridges: [] }
  }),
  'network.tidy': ({ network }) => ({ type: 'network.tidied', network })
};

/** Effects that answer at once and change nothing, in place of those that reach the kernel. */
export function standIns() {
  return Object.fromEntries(
    Object.entries(atOnce).map(([type, fact]) => [
      type,
      (request) => Promise.resolve(fact(request))
    ])
  );
}
