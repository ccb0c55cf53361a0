import { describe, expect, it } from 'vitest';
import type { PluginConf } from '../../src/model/conflist.ts';
import type { Attachment } from '../../src/model/container.ts';
import { pinnedPlan } from '../../src/model/pinned.ts';

const LEASED = {
  type: 'host-local',
  ranges: [[{ subnet: '10.88.0.0/16' }], [{ subnet: 'fd00:88::/64' }]],
  dataDir: '/var/lib/cni/networks'
};
const RESULT = {
  cniVersion: '1.0.0',
  interfaces: [
    { name: 'front0', mac: '02:00:00:00:00:01' },
    { name: 'veth1', mac: '02:00:00:00:00:02' },
    { name: 'eth0', mac: '02:00:00:00:00:03', sandbox: '/run/netns/mooring-web' }
  ],
  ips: [
    { address: '10.88.0.5/16', gateway: '10.88.0.1', interface: 2 },
    { address: 'fd00:88::5/64', interface: 2 }
  ],
  routes: [{ dst: '0.0.0.0/0', gw: '10.88.0.1' }, { dst: '10.99.0.0/16' }],
  dns: { nameservers: ['10.88.0.1'], search: ['dns.test'] }
};
const ARGS = [
  ['IgnoreUnknown', '1'],
  ['K8S_POD_NAME', 'web']
] as const;

function attachmentOf(
  plugins: readonly PluginConf[],
  changes: Partial<Attachment> = {}
): Attachment {
  return {
    network: 'front',
    ifName: 'eth0',
    conflist: {
      name: 'front',
      cniVersion: '1.0.0',
      disableCheck: false,
      disableGC: false,
      loadOnlyInlinedPlugins: false,
      plugins,
      raw: {}
    },
    args: ARGS,
    capabilityArgs: {},
    result: RESULT,
    pinned: true,
    ...changes
  };
}

const bridge = (over: object = {}): PluginConf => ({
  type: 'bridge',
  bridge: 'front0',
  ipMasq: true,
  ipam: LEASED,
  ...over
});
const portmap = { type: 'portmap', capabilities: { portMappings: true } };

describe('with the plugin `static`', () => {
  const planOf = (attachment: Attachment) => pinnedPlan(attachment, true);

  it('gives the addresses, gateways, routes and DNS of the result, and changes no other plugin', () => {
    const { conflist } = planOf(attachmentOf([bridge(), portmap]));

    expect(conflist.plugins).toEqual([
      bridge({
        ipam: {
          type: 'static',
          addresses: [
            { address: '10.88.0.5/16', gateway: '10.88.0.1' },
            { address: 'fd00:88::5/64' }
          ],
          routes: [{ dst: '0.0.0.0/0', gw: '10.88.0.1' }, { dst: '10.99.0.0/16' }],
          dns: { nameservers: ['10.88.0.1'], search: ['dns.test'] }
        }
      }),
      portmap
    ]);
  });

  it('takes the result of a plugin that says neither routes nor DNS', () => {
    const { routes: _, dns: __, ...result } = RESULT;
    const { conflist } = planOf(attachmentOf([bridge()], { result }));

    expect(conflist.plugins[0]?.['ipam']).toEqual({
      type: 'static',
      addresses: expect.any(Array) as unknown,
      routes: []
    });
  });

  it('asks for the MAC it has, and for no address besides', () => {
    const asked = {
      args: [...ARGS, ['IP', '10.88.0.5'], ['MAC', '02:00:00:00:00:99']] as const,
      capabilityArgs: { ips: ['10.88.0.5', 'fd00:88::5'], portMappings: [] }
    };
    const plan = planOf(attachmentOf([bridge({ capabilities: { ips: true } }), portmap], asked));

    expect(plan.args).toEqual([...ARGS, ['MAC', '02:00:00:00:00:03']]);
    expect(plan.capabilityArgs).toEqual({ portMappings: [] });
  });

  it('asks for the MAC by the capability as well where it is declared', () => {
    const plan = planOf(attachmentOf([bridge({ capabilities: { mac: true } })]));

    expect(plan.capabilityArgs).toEqual({ mac: '02:00:00:00:00:03' });
  });

  it('takes the MAC from inside the container only', () => {
    const interfaces = [{ name: 'eth0', mac: '02:00:00:00:00:07' }];
    const plan = planOf(attachmentOf([bridge()], { result: { ...RESULT, interfaces } }));

    expect(plan.args).toEqual(ARGS);
  });

  it('keeps network and interface, and nothing that is no plan', () => {
    const plan = planOf(attachmentOf([bridge()]));

    expect(Object.keys(plan).sort()).toEqual([
      ...['args', 'capabilityArgs', 'conflist', 'ifName', 'network']
    ]);
    expect(plan).toMatchObject({ network: 'front', ifName: 'eth0' });
  });
});

describe('where another gives out the addresses', () => {
  const other = bridge({ ipam: { type: 'dhcp' } });
  const one = { ...RESULT, ips: RESULT.ips.slice(0, 1) };

  it('asks it for the one address', () => {
    const plan = pinnedPlan(attachmentOf([other], { result: one }), true);

    expect(plan.conflist.plugins).toEqual([other]);
    expect(plan.args).toEqual([...ARGS, ['IP', '10.88.0.5'], ['MAC', '02:00:00:00:00:03']]);
  });

  it('asks it for several by the capability, if it has that', () => {
    const declaring = { ...other, capabilities: { ips: true } };

    expect(pinnedPlan(attachmentOf([declaring]), true)).toMatchObject({
      args: [...ARGS, ['MAC', '02:00:00:00:00:03']],
      capabilityArgs: { ips: ['10.88.0.5', 'fd00:88::5'] }
    });
    expect(pinnedPlan(attachmentOf([other]), true).capabilityArgs).toEqual({});
  });

  it('asks `host-local` itself when there is no plugin `static`', () => {
    const plan = pinnedPlan(attachmentOf([bridge()], { result: one }), false);

    expect(plan.conflist.plugins).toEqual([bridge()]);
    expect(plan.args).toContainEqual(['IP', '10.88.0.5']);
  });
});

it('is its own plan when ADD never succeeded', () => {
  const { result: _, ...begun } = attachmentOf([bridge()]);
  const { pinned: __, ...plan } = begun;

  expect(pinnedPlan(begun, true)).toEqual(plan);
});
