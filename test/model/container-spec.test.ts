import { describe, expect, it } from 'vitest';
import { parseContainerSpec } from '../../src/model/container-spec.ts';
import { parseNetworkOption } from '../../src/model/network-option.ts';

const DEFAULTS = { network: 'mooring' };
const spec = (over: object) => parseContainerSpec({ id: 'web', ...over }, DEFAULTS);

describe('parseContainerSpec', () => {
  it('attaches the default network when none is asked for', () => {
    const expected = { id: 'web', networks: [{ network: 'mooring', ifName: 'eth0' }], ports: [] };

    expect(spec({})).toEqual(expected);
    expect(spec({ networks: [] })).toEqual(expected);
  });

  it('attaches nothing when "none" is asked for', () => {
    expect(spec({ networks: 'none' }).networks).toEqual([]);
  });

  it('names interfaces in order and steps over names that are taken', () => {
    const networks = [
      { name: 'a' },
      { name: 'b', interfaceName: 'eth1' },
      { name: 'c' },
      { name: 'd' }
    ];

    expect(spec({ networks }).networks.map(({ ifName }) => ifName)).toEqual([
      'eth0',
      'eth1',
      'eth2',
      'eth3'
    ]);
  });

  it('writes addresses, MACs and aliases one way', () => {
    const asked = {
      name: 'a',
      ips: ['10.0.0.5', 'FD00:0:0::5'],
      mac: 'AA-BB-CC-DD-EE-01',
      aliases: ['w', 'w', 'w2']
    };

    expect(spec({ networks: [asked] }).networks).toEqual([
      {
        network: 'a',
        ifName: 'eth0',
        ips: ['10.0.0.5', 'fd00::5'],
        mac: 'aa:bb:cc:dd:ee:01',
        aliases: ['w', 'w2']
      }
    ]);
  });

  it('fills in what a port leaves out', () => {
    expect(spec({ ports: [{ containerPort: 80 }, { containerPort: 80 }] }).ports).toEqual([
      { hostIp: '', hostPort: 0, containerPort: 80, range: 1, protocol: 'tcp' }
    ]);
  });

  it.each([
    [{ id: '../x' }, 'container.badId'],
    [{ id: 5 }, 'container.badInput'],
    [{ network: [] }, 'container.badInput'],
    [{ networks: 'host' }, 'container.badInput'],
    [{ networks: [{ name: '' }] }, 'network.badName'],
    [{ networks: [{ name: 'a' }, { name: 'a' }] }, 'network.duplicate'],
    [{ networks: Array.from({ length: 65 }, (_, i) => ({ name: `n${i}` })) }, 'network.tooMany'],
    [{ networks: [{ name: 'a', interfaceName: 'lo' }] }, 'interface.badName'],
    [{ networks: [{ name: 'a', interfaceName: 'a/b' }] }, 'interface.badName'],
    [
      {
        networks: [
          { name: 'a', interfaceName: 'x' },
          { name: 'b', interfaceName: 'x' }
        ]
      },
      'interface.duplicate'
    ],
    [{ networks: [{ name: 'a', ips: ['10.0.0.5/24'] }] }, 'address.bad'],
    [{ networks: [{ name: 'a', ips: ['127.0.0.1'] }] }, 'address.bad'],
    [{ networks: [{ name: 'a', ips: ['ff02::1'] }] }, 'address.bad'],
    [{ networks: [{ name: 'a', ips: ['fd00::5', 'fd00:0::5'] }] }, 'address.duplicate'],
    [{ networks: [{ name: 'a', mac: '01:00:5e:00:00:01' }] }, 'mac.bad'],
    [{ networks: [{ name: 'a', mac: 'aa:bb:cc:dd:ee' }] }, 'mac.bad'],
    [{ networks: [{ name: 'a', mac: '00:00:00:00:00:00' }] }, 'mac.bad'],
    [{ networks: [{ name: 'a', aliases: ['a b'] }] }, 'alias.bad'],
    [{ ports: [{ containerPort: 80, protocol: 'icmp' }] }, 'port.badProtocol'],
    [{ ports: [{ containerPort: '80' }] }, 'container.badInput'],
    [{ ports: [{ containerPort: 80, hostIp: 'x' }] }, 'port.badHostIp']
  ])('refuses %j', (over, code) => {
    expect(() => spec(over)).toThrow(expect.objectContaining({ code }));
  });

  it('refuses what is no object, naming the field that is wrong otherwise', () => {
    expect(() => parseContainerSpec(null, DEFAULTS)).toThrow(
      expect.objectContaining({ code: 'container.badInput' })
    );
    expect(() => spec({ networks: [{ name: 'a', ips: [5] }] })).toThrow(/networks\.0\.ips\.0/);
  });
});

describe('parseNetworkOption', () => {
  it.each<[string, unknown]>([
    ['none', 'none'],
    ['bridge', [{ name: 'mooring' }]],
    ['front', [{ name: 'front' }]],
    ['front,back', [{ name: 'front' }, { name: 'back' }]],
    ['bridge:ip=10.0.0.5', [{ name: 'mooring', ips: ['10.0.0.5'] }]],
    [
      'front:ip=10.0.0.5,ip6=fd00::5,mac=aa:bb:cc:dd:ee:02,alias=a,alias=b,interface_name=net0',
      [
        {
          name: 'front',
          ips: ['10.0.0.5', 'fd00::5'],
          mac: 'aa:bb:cc:dd:ee:02',
          aliases: ['a', 'b'],
          interfaceName: 'net0'
        }
      ]
    ]
  ])('reads %s', (text, expected) => {
    expect(parseNetworkOption(text, 'mooring')).toEqual(expected);
  });

  it.each([
    ['host', 'network.badMode'],
    ['slirp4netns:mtu=9000', 'network.badMode'],
    ['pasta', 'network.badMode'],
    ['ns:/run/netns/x', 'network.badMode'],
    ['container:web', 'network.badMode'],
    ['', 'network.badName'],
    ['a,,b', 'network.badName'],
    ['front:', 'network.badOption'],
    ['front:ip=', 'network.badOption'],
    ['front:ip6=10.0.0.5', 'network.badOption'],
    ['front:foo=bar', 'network.badOption'],
    ['front:mac=aa:bb:cc:dd:ee:02,mac=aa:bb:cc:dd:ee:04', 'network.badOption'],
    ['front:ip=10.0.0.5/24', 'address.bad'],
    ['front:alias=-x', 'alias.bad']
  ])('refuses %j', (text, code) => {
    expect(() => parseNetworkOption(text, 'mooring')).toThrow(expect.objectContaining({ code }));
  });
});
