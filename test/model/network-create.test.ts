import { describe, expect, it } from 'vitest';
import { buildConflist, pluginsOf } from '../../src/model/network-conflist.ts';
import {
  parseNetworkCreate,
  parsePairs,
  type NetworkCreateInput
} from '../../src/model/network-create.ts';
import type { NamesBy } from '../../src/model/network-plan.ts';
import { leaseRange } from '../../src/model/network-subnets.ts';
import { addressText, parseSubnet } from '../../src/model/subnet.ts';

const V6 = '2001:DB8::/48';

describe('parseNetworkCreate', () => {
  it.each<[NetworkCreateInput, unknown]>([
    [{}, []],
    [{ subnets: ['10.11.12.0/24'] }, [{ subnet: '10.11.12.0/24', gateway: '10.11.12.1' }]],
    [
      { subnets: ['10.0.0.5/24'], gateways: ['10.0.0.50'] },
      [{ subnet: '10.0.0.0/24', gateway: '10.0.0.50' }]
    ],
    [{ subnets: ['10.0.0.0/24'], internal: true }, [{ subnet: '10.0.0.0/24' }]],
    [
      { subnets: [V6], gateways: ['2001:DB8::2'], ipRanges: ['2001:DB8:0:1::/64'] },
      [
        {
          subnet: '2001:db8::/48',
          gateway: '2001:db8::2',
          rangeStart: '2001:db8:0:1::1',
          rangeEnd: '2001:db8:0:1:ffff:ffff:ffff:ffff'
        }
      ]
    ],
    [
      { subnets: ['192.168.0.0/24'], ipRanges: ['192.168.0.64/26'] },
      [
        {
          subnet: '192.168.0.0/24',
          gateway: '192.168.0.1',
          rangeStart: '192.168.0.65',
          rangeEnd: '192.168.0.127'
        }
      ]
    ]
  ])('plans the subnets of %j', (input, expected) => {
    expect(parseNetworkCreate(input).subnets).toEqual(expected);
  });

  it.each<[NetworkCreateInput, readonly number[]]>([
    [{}, [4]],
    [{ ipv6: true }, [4, 6]],
    [{ subnets: ['10.0.0.0/24'] }, []],
    [{ subnets: ['10.0.0.0/24'], ipv6: true }, [6]],
    [{ subnets: ['fd00:4::/64'] }, []],
    [{ subnets: ['fd00:4::/64'], ipv6: true }, [4]],
    [{ subnets: ['fd00:4::/64', '10.0.0.0/24'], ipv6: true }, []],
    [{ subnets: ['10.0.1.0/24', '10.0.0.0/24'], ipv6: true }, [6]],
    [{ driver: 'macvlan' }, []]
  ])('leaves families to choose for %j', (input, expected) => {
    expect(parseNetworkCreate(input).wanted).toEqual(expected);
  });

  it('never leases the broadcast address of the subnet', () => {
    const plan = parseNetworkCreate({
      subnets: ['192.168.0.0/24'],
      ipRanges: ['192.168.0.128/25']
    });

    expect(plan.subnets[0]).toMatchObject({
      rangeStart: '192.168.0.129',
      rangeEnd: '192.168.0.254'
    });
  });

  it.each<[NetworkCreateInput, RegExp]>([
    [{ name: 'foo ' }, /must match/],
    [{ name: 'host' }, /"host" because it conflicts with a valid network mode/],
    [{ name: 'bridge' }, /conflicts with a valid network mode/],
    [{ name: 'ns' }, /conflicts with a valid network mode/],
    [{ driver: 'overlay' }, /driver 'overlay' is not supported/],
    [{ subnets: ['10.11.12.0/17000'] }, /^subnet invalid/],
    [{ subnets: ['10.11.0/17000'] }, /^subnet invalid/],
    [{ subnets: ['0.0.0.0/0'] }, /mask is invalid/],
    [{ subnets: ['10.0.0.0/31'] }, /mask is invalid/],
    [{ gateways: ['10.0.0.1'] }, /every ip-range or gateway must have a corresponding subnet/],
    [{ ipRanges: ['10.0.0.0/25'] }, /every ip-range or gateway must have a corresponding subnet/],
    [{ subnets: ['10.11.12.0/24'], gateways: ['192.168.1.1'] }, /not in subnet/],
    [{ subnets: [V6], gateways: ['2001::2'] }, /not in subnet/],
    [{ subnets: [V6], ipRanges: ['2001:1:1::/64'] }, /not in subnet/],
    [{ subnets: ['10.0.0.0/24'], ipRanges: ['10.0.0.0/16'] }, /not in subnet/],
    [{ subnets: ['10.0.0.0/24'], gateways: ['10.0.0.255'] }, /first or last address/],
    [{ subnets: ['10.0.0.0/24', '10.0.0.128/25'] }, /overlaps 10\.0\.0\.0\/24/],
    [{ options: { foo: 'bar' } }, /unsupported network option foo/],
    [{ options: { mtu: 'abc' } }, /mtu "abc"/],
    [{ options: { mtu: '-1' } }, /less than zero/],
    [{ options: { vlan: 'abc' } }, /vlan "abc"/],
    [{ options: { vlan: '-1' } }, /must be between 0 and 4094/],
    [{ options: { vlan: '4095' } }, /must be between 0 and 4094/],
    [{ interfaceName: 'a/b' }, /interface name/],
    [{ interfaceName: 'myverylonginterfacename' }, /15 bytes/],
    [{ driver: 'macvlan', internal: true }, /internal is not supported with macvlan/],
    [{ driver: 'macvlan', options: { vlan: '5' } }, /unsupported network option vlan/],
    [{ driver: 'macvlan', ipv6: true }, /requires an IPv6 --subnet/],
    [{ driver: 'macvlan', options: { mode: 'l2' } }, /unknown macvlan mode "l2"/],
    [{ driver: 'ipvlan', options: { mode: 'vepa' } }, /unknown ipvlan mode "vepa"/],
    [{ driver: 'ipvlan', internal: true }, /internal is not supported with ipvlan/],
    [{ driver: 'ipvlan', ipamDriver: 'dhcp' }, /dhcp is not supported with ipvlan/],
    [{ driver: 'ipvlan', options: { isolate: 'true' } }, /unsupported network option isolate/],
    [{ options: { isolate: 'maybe' } }, /isolate "maybe" must be true or false/],
    [{ options: { metric: '-1' } }, /metric "-1" must be a whole number/],
    [{ options: { mode: 'l2' } }, /unsupported network option mode/],
    [{ ipamDriver: 'static' }, /unsupported ipam driver "static"/],
    [{ ipamDriver: 'none', subnets: ['10.0.0.0/24'] }, /none ipam driver is set but subnets are/],
    [
      { driver: 'macvlan', ipamDriver: 'host-local' },
      /host-local ipam driver is set but no subnets/
    ],
    [{ routes: ['10.7.0.0/16'] }, /it must be DESTINATION,GATEWAY/],
    [{ routes: ['10.7.0.1/16,10.0.0.9'] }, /the destination is an address of 10.7.0.0\/16/],
    [{ routes: ['10.7.0.0/16,fd00::1'] }, /destination and gateway are of two families/],
    [{ routes: ['10.7.0.0/16,10.0.0.9,fast'] }, /metric "fast" must be a whole number/]
  ])('refuses %j', (input, message) => {
    expect(() => parseNetworkCreate(input)).toThrow(message);
  });
});

describe('leaseRange', () => {
  it.each([
    ['192.168.0.128/25', '192.168.0.129', '192.168.0.255'],
    ['2001:DB8:1:1::/64', '2001:db8:1:1::1', '2001:db8:1:1:ffff:ffff:ffff:ffff']
  ])('of %s', (range, first, last) => {
    const { start, end } = leaseRange(parseSubnet(range));

    expect([addressText(start), addressText(end)]).toEqual([first, last]);
  });
});

describe('buildConflist', () => {
  const conflist = (input: NetworkCreateInput, dns: NamesBy = 'nothing') =>
    buildConflist(
      { ...parseNetworkCreate(input), dns, name: 'front', interfaceName: 'mooring1' },
      '1.0.0'
    );

  it('writes the chain of a bridge', () => {
    const input = { subnets: ['fd00:4::/64', '10.0.0.0/24'], options: { mtu: '9000', vlan: '9' } };

    expect(conflist(input)).toEqual({
      cniVersion: '1.0.0',
      name: 'front',
      args: { mooring: { dns: false } },
      plugins: [
        {
          type: 'bridge',
          bridge: 'mooring1',
          isGateway: true,
          ipMasq: true,
          hairpinMode: true,
          mtu: 9000,
          vlan: 9,
          ipam: {
            type: 'host-local',
            routes: [{ dst: '::/0' }, { dst: '0.0.0.0/0' }],
            ranges: [
              [{ subnet: 'fd00:4::/64', gateway: 'fd00:4::1' }],
              [{ subnet: '10.0.0.0/24', gateway: '10.0.0.1' }]
            ]
          }
        },
        { type: 'portmap', capabilities: { portMappings: true } },
        { type: 'firewall' },
        { type: 'tuning' }
      ]
    });
  });

  it('lets nothing out of an internal network', () => {
    const { plugins } = conflist({ subnets: ['10.0.0.0/24'], internal: true });

    expect(plugins).toMatchObject([{ isGateway: false, ipMasq: false }, {}, {}, {}]);
    expect(plugins).not.toHaveProperty([0, 'ipam', 'routes']);
  });

  it('gives a macvlan its parent, and DHCP unless it has a subnet', () => {
    const master = (input: NetworkCreateInput) =>
      conflist({ driver: 'macvlan', ...input })['plugins'];

    expect(master({})).toEqual([{ type: 'macvlan', master: '', ipam: { type: 'dhcp' } }]);
    expect(master({ options: { parent: 'lo' } })).toMatchObject([{ master: 'lo' }]);
    expect(master({ interfaceName: 'lo', subnets: ['10.0.0.0/24'] })).toMatchObject([
      { master: 'lo', ipam: { type: 'host-local', routes: [{ dst: '0.0.0.0/0' }] } }
    ]);
  });

  it('writes modes, isolation, routes and what answers for names', () => {
    const subnets = ['10.0.0.0/24'];
    const plugins = (input: NetworkCreateInput, dns?: NamesBy) => conflist(input, dns)['plugins'];
    const [bridge, , firewall, , names] = plugins(
      { subnets, options: { isolate: 'true' }, routes: ['10.7.0.0/16,10.0.0.9'] },
      'dnsname'
    ) as object[];
    const own = plugins({ subnets, routes: ['0.0.0.0/0,10.0.0.9'] });
    const ipvlan = plugins({ driver: 'ipvlan', options: { parent: 'lo', mode: 'l3' } });

    expect(bridge).toMatchObject({
      ipam: { routes: [{ dst: '0.0.0.0/0' }, { dst: '10.7.0.0/16', gw: '10.0.0.9' }] }
    });
    expect(firewall).toEqual({ type: 'firewall', ingressPolicy: 'same-bridge' });
    expect(names).toMatchObject({ type: 'dnsname', domainName: 'dns.podman' });
    expect(own).toMatchObject([
      { ipam: { routes: [{ dst: '0.0.0.0/0', gw: '10.0.0.9' }] } },
      {},
      {},
      {}
    ]);
    expect(ipvlan).toEqual([{ type: 'ipvlan', master: 'lo', mode: 'l3', ipam: {} }]);
    expect(conflist({}, 'server')['args']).toEqual({ mooring: { dns: true } });
  });

  it('keeps labels', () => {
    expect(conflist({ labels: parsePairs(['a', 'b=c=d']) })['args']).toMatchObject({
      mooring_labels: { a: '', b: 'c=d' }
    });
  });

  it('names the plugins it will need', () => {
    const dns = 'nothing';
    expect(pluginsOf({ driver: 'macvlan', ipam: 'dhcp', dns })).toEqual(['macvlan', 'dhcp']);
    expect(pluginsOf({ driver: 'ipvlan', ipam: 'none', dns })).toEqual(['ipvlan']);
    expect(pluginsOf({ driver: 'bridge', ipam: 'host-local', dns })).toContain('host-local');
    expect(pluginsOf({ driver: 'bridge', ipam: 'host-local', dns: 'dnsname' })).toContain(
      'dnsname'
    );
  });
});
