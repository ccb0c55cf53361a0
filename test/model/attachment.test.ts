import { describe, expect, it } from 'vitest';
import { bridgesOf, withPorts } from '../../src/model/attachment.ts';
import { checkIps } from '../../src/model/cni-ranges.ts';
import type { Conflist, PluginConf } from '../../src/model/conflist.ts';
import type { AttachmentPlan } from '../../src/model/container.ts';

const conflistOf = (name: string, ...plugins: PluginConf[]): Conflist => ({
  name,
  cniVersion: '1.0.0',
  disableCheck: false,
  disableGC: false,
  loadOnlyInlinedPlugins: false,
  plugins,
  raw: {}
});
const planOf = (name: string, ...plugins: PluginConf[]): AttachmentPlan => ({
  network: name,
  ifName: 'eth0',
  conflist: conflistOf(name, ...plugins),
  args: [],
  capabilityArgs: { aliases: { [name]: ['db'] } }
});
const portmap: PluginConf = { type: 'portmap', capabilities: { portMappings: true } };

describe('ports', () => {
  it('go to the first network that can publish, a range as a range', () => {
    const plans = [
      planOf('back', { type: 'bridge' }),
      planOf('front', portmap),
      planOf('b', portmap)
    ];
    const [back, front, last] = withPorts(plans, [
      { hostIp: '127.0.0.1', hostPort: 8080, containerPort: 80, range: 2, protocol: 'tcp' },
      { hostIp: '', hostPort: 53, containerPort: 53, range: 1, protocol: 'udp' }
    ]);

    expect([back, last]).toEqual([plans[0], plans[2]]);
    expect(front?.capabilityArgs).toEqual({
      aliases: { front: ['db'] },
      portMappings: [
        { hostPort: 8080, containerPort: 80, protocol: 'tcp', hostIP: '127.0.0.1', range: 2 },
        { hostPort: 53, containerPort: 53, protocol: 'udp', hostIP: '' }
      ]
    });
  });

  it('change nothing when there are none', () => {
    const plans = [planOf('front', portmap)];

    expect(withPorts(plans, [])).toEqual(plans);
  });
});

describe('bridges', () => {
  it('are those of the bridge plugins, by name or by default', () => {
    const conflist = conflistOf(
      'front',
      { type: 'bridge', bridge: 'cni-front' },
      { type: 'bridge' },
      { type: 'bridge', bridge: 'cni-front' },
      { type: 'bridge', bridge: '../../etc' },
      { type: 'macvlan', bridge: 'other' }
    );

    expect(bridgesOf(conflist)).toEqual(['cni-front', 'cni0']);
  });
});

describe('addresses asked for', () => {
  const ranges = [
    [{ subnet: '10.88.0.0/16', rangeStart: '10.88.1.0', rangeEnd: '10.88.1.255' }],
    [{ subnet: 'fd00:88::/64', gateway: 'fd00:88::7' }]
  ];
  const conflist = conflistOf('front', { type: 'bridge', ipam: { type: 'host-local', ranges } });

  it.each([[['10.88.1.5']], [['fd00:88::5', '10.88.1.255']], [['fd00:88::1']], [[]]])(
    '%j can be given out',
    (ips) => {
      expect(() => checkIps(conflist, ips)).not.toThrow();
    }
  );

  it.each([
    [['10.88.0.5']],
    [['10.89.0.5']],
    [['fd00:88::7']],
    [['fd00:88::']],
    [['10.88.1.5', '10.88.1.6']],
    [['not-an-ip']]
  ])('%j are refused', (ips) => {
    expect(() => checkIps(conflist, ips)).toThrow(
      expect.objectContaining({
        code: 'network.badIp',
        message: expect.stringContaining('network front: ') as string
      })
    );
  });

  it('are not the network, the broadcast and the first address of an IPv4 range', () => {
    const simple = conflistOf('front', {
      type: 'bridge',
      ipam: { type: 'host-local', subnet: '10.1.2.0/24' }
    });

    for (const ip of ['10.1.2.0', '10.1.2.1', '10.1.2.255']) {
      expect(() => checkIps(simple, [ip])).toThrow('its ranges: 10.1.2.0/24');
    }
    expect(() => checkIps(simple, ['10.1.2.254'])).not.toThrow();
  });

  it('are left to any other IPAM', () => {
    const dhcp = conflistOf('front', { type: 'macvlan', ipam: { type: 'dhcp' } });

    expect(() => checkIps(dhcp, ['192.0.2.1'])).not.toThrow();
  });
});
