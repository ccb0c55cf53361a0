import { describe, expect, it } from 'vitest';
import { parseConnect, parseContainerSpec } from '../../src/model/container-spec.ts';
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
    expect(spec({ networks: 'none' })).toMatchObject({ networks: [], isolated: true });
    expect(spec({ networks: [] })).not.toHaveProperty('isolated');
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

describe('where the netns comes from', () => {
  it.each<[unknown, unknown]>([
    [{ pid: 4242 }, { kind: 'process', pid: 4242, startTime: '' }],
    [{ path: '/run/netns/x' }, { kind: 'path', path: '/run/netns/x' }],
    [{ container: 'db' }, { kind: 'container', container: 'db' }],
    ['host', { kind: 'host' }]
  ])('is read from %j', (netns, namespace) => {
    const { isolated: _, ...others } = spec({ netns, networks: 'none' });

    expect(others).toEqual({ id: 'web', networks: [], ports: [], namespace });
  });

  it('says nothing when one is to be made', () => {
    expect(spec({})).not.toHaveProperty('namespace');
  });

  it('lets networks be attached in that of a process, the default one too', () => {
    const netns = { pid: 4242 };

    expect(spec({ netns }).networks).toEqual([{ network: 'mooring', ifName: 'eth0' }]);
    expect(spec({ netns, networks: [{ name: 'a' }] }).networks).toEqual([
      { network: 'a', ifName: 'eth0' }
    ]);
  });

  it.each<[unknown, string]>([
    ['host', 'host'],
    [{ path: '/run/netns/x' }, 'ns'],
    [{ container: 'db' }, 'container']
  ])('attaches nothing in %j, and refuses networks there', (netns, mode) => {
    expect(spec({ netns }).networks).toEqual([]);
    expect(spec({ netns, networks: [] }).networks).toEqual([]);
    expect(() => spec({ netns, networks: [{ name: 'a' }] })).toThrow(
      expect.objectContaining({
        code: 'container.badInput',
        message: `networks can't be attached in network mode "${mode}"`
      })
    );
  });

  it.each([
    ['private', 'container.badInput'],
    [5, 'container.badInput'],
    [{}, 'container.badInput'],
    [{ pid: 1, path: '/run/netns/x' }, 'container.badInput'],
    [{ pid: '7' }, 'container.badInput'],
    [{ pid: 7, other: true }, 'container.badInput'],
    [{ pid: 0 }, 'netns.badPid'],
    [{ pid: -7 }, 'netns.badPid'],
    [{ pid: 7.5 }, 'netns.badPid'],
    [{ pid: 2 ** 22 + 1 }, 'netns.badPid'],
    [{ path: '' }, 'netns.badPath'],
    [{ path: 'run/netns/x' }, 'netns.badPath'],
    [{ path: '/run/\u0000x' }, 'netns.badPath'],
    [{ path: '/run/x\n' }, 'netns.badPath'],
    [{ container: '../x' }, 'container.badId'],
    [{ container: '' }, 'container.badId']
  ])('is refused as %j', (netns, code) => {
    expect(() => spec({ netns, networks: 'none' })).toThrow(expect.objectContaining({ code }));
  });
});

describe('parseConnect', () => {
  it('leaves the name of the interface open until it is known which are taken', () => {
    expect(parseConnect({ name: 'a' })).toEqual({ network: 'a', ifName: '' });
  });

  it('reads all that can be asked of a network', () => {
    const asked = {
      name: 'a',
      ips: ['10.0.0.5', 'FD00:0:0::5'],
      mac: 'AA-BB-CC-DD-EE-02',
      aliases: ['w', 'w'],
      interfaceName: 'net0'
    };

    expect(parseConnect(asked)).toEqual({
      network: 'a',
      ifName: 'net0',
      ips: ['10.0.0.5', 'fd00::5'],
      mac: 'aa:bb:cc:dd:ee:02',
      aliases: ['w']
    });
  });

  it.each([
    [null, 'container.badInput'],
    ['a', 'container.badInput'],
    [{}, 'container.badInput'],
    [{ name: 'a', ip: '10.0.0.5' }, 'container.badInput'],
    [{ name: '../x' }, 'network.badName'],
    [{ name: 'a', interfaceName: 'lo' }, 'interface.badName'],
    [{ name: 'a', interfaceName: '' }, 'interface.badName'],
    [{ name: 'a', ips: ['10.0.0.5/24'] }, 'address.bad'],
    [{ name: 'a', ips: ['fd00::5', 'fd00:0::5'] }, 'address.duplicate'],
    [{ name: 'a', mac: 'zz' }, 'mac.bad'],
    [{ name: 'a', aliases: ['a b'] }, 'alias.bad']
  ])('refuses %j', (input, code) => {
    expect(() => parseConnect(input)).toThrow(expect.objectContaining({ code }));
  });
});

describe('parseNetworkOption', () => {
  it.each<[string, unknown]>([
    ['none', 'none'],
    ['bridge', [{ name: 'mooring' }]],
    ['front', [{ name: 'front' }]],
    ['front,back', [{ name: 'front' }, { name: 'back' }]],
    ['host', { netns: 'host' }],
    ['ns:/run/netns/x', { netns: { path: '/run/netns/x' } }],
    ['container:web', { netns: { container: 'web' } }],
    ['pasta', { uplink: { kind: 'pasta', options: [] } }],
    [
      'slirp4netns:mtu=9000,cidr=10.1.0.0/24',
      { uplink: { kind: 'slirp4netns', options: ['mtu=9000', 'cidr=10.1.0.0/24'] } }
    ],
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
    ['host:x', 'network.badMode'],
    ['private', 'network.badMode'],
    ['ns:', 'network.badMode'],
    ['container:', 'network.badMode'],
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
