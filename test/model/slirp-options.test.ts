import { describe, expect, it } from 'vitest';
import { MooringError } from '../../src/model/failure.ts';
import { addressAbove, slirpAddresses } from '../../src/model/slirp-addresses.ts';
import { parseSlirpOptions, SLIRP_DEFAULTS } from '../../src/model/slirp-options.ts';

function refusal(...options: string[]): string {
  try {
    parseSlirpOptions(options);
  } catch (error) {
    if (error instanceof MooringError && error.code === 'slirp.badOption') return error.message;
    throw error;
  }
  return 'taken';
}

describe('the options of slirp4netns', () => {
  it('have podman’s defaults, with IPv6 as podman 4 has it', () => {
    expect(parseSlirpOptions([])).toEqual({
      cidr: '10.0.2.0/24',
      mtuBytes: 65_520,
      portHandler: 'rootlesskit',
      allowHostLoopback: false,
      enableIpv6: true
    });
  });

  it('are all that podman has', () => {
    const options = [
      'cidr=10.0.135.128/25',
      'port_handler=slirp4netns',
      'allow_host_loopback=true',
      'enable_ipv6=true',
      'outbound_addr=192.0.2.1',
      'outbound_addr6=fd00:0:0::7',
      'mtu=9000'
    ];

    expect(parseSlirpOptions(options)).toEqual({
      cidr: '10.0.135.128/25',
      mtuBytes: 9000,
      portHandler: 'slirp4netns',
      allowHostLoopback: true,
      enableIpv6: true,
      outboundAddr: '192.0.2.1',
      outboundAddr6: 'fd00::7'
    });
    expect(parseSlirpOptions(['outbound_addr=eth0', 'outbound_addr6=eth1'])).toMatchObject({
      outboundAddr: 'eth0',
      outboundAddr6: 'eth1'
    });
  });

  it('override those before them, so that a container’s beat the configuration’s', () => {
    expect(parseSlirpOptions(['mtu=1500', 'enable_ipv6=false', 'mtu=9000'])).toEqual({
      ...SLIRP_DEFAULTS,
      mtuBytes: 9000,
      enableIpv6: false
    });
  });

  it.each([
    ['mtu', 'unknown option for slirp4netns: "mtu"'],
    ['', 'unknown option for slirp4netns: ""'],
    ['foo=bar', 'unknown option for slirp4netns: "foo=bar"'],
    ['__proto__=1', 'unknown option for slirp4netns: "__proto__=1"'],
    ['cidr=24', 'invalid cidr "24"'],
    ['cidr=foo', 'invalid cidr "foo"'],
    ['cidr=10.0.2.0', 'invalid cidr "10.0.2.0"'],
    ['cidr=fd00::/64', 'invalid cidr "fd00::/64"'],
    ['cidr=10.0.2.100/24', 'invalid cidr "10.0.2.100/24": it must be a network address, 10.0.2.0'],
    ['cidr=10.0.2.0/26', 'invalid cidr "10.0.2.0/26": its prefix length must be 1-25'],
    ['cidr=0.0.0.0/0', 'invalid cidr "0.0.0.0/0": its prefix length must be 1-25'],
    ['port_handler=foo', 'unknown port_handler for slirp4netns: "foo"'],
    ['allow_host_loopback=True', 'invalid value of allow_host_loopback for slirp4netns: "True"'],
    ['enable_ipv6=', 'invalid value of enable_ipv6 for slirp4netns: ""'],
    ['outbound_addr=fd00::1', 'invalid outbound_addr "fd00::1"'],
    ['outbound_addr=1.2.3', 'invalid outbound_addr "1.2.3"'],
    ['outbound_addr=no such thing', 'invalid outbound_addr "no such thing"'],
    ['outbound_addr6=192.0.2.1', 'invalid outbound_addr6: "192.0.2.1"'],
    ['mtu=67', 'invalid mtu "67": it must be 68 to 65521'],
    ['mtu=65522', 'invalid mtu "65522": it must be 68 to 65521'],
    ['mtu=1e3', 'invalid mtu "1e3": it must be 68 to 65521'],
    ['mtu=-1', 'invalid mtu "-1": it must be 68 to 65521']
  ])('refuse %s', (option, message) => {
    expect(refusal(option)).toBe(message);
  });

  it('send IPv6 from an address only where there is IPv6', () => {
    expect(refusal('enable_ipv6=false', 'outbound_addr6=fd00::7')).toBe(
      'enable_ipv6=true is required for outbound_addr6'
    );
  });
});

describe('the addresses in a network of slirp4netns', () => {
  it.each([
    ['10.0.2.0/24', '10.0.2.100', '10.0.2.2', '10.0.2.3', 24],
    ['10.0.135.128/25', '10.0.135.228', '10.0.135.130', '10.0.135.131', 25],
    ['10.0.0.0/8', '10.0.0.100', '10.0.0.2', '10.0.0.3', 8]
  ])('of %s are 100, 2 and 3 above it', (cidr, container, gateway, dns, prefix) => {
    expect(slirpAddresses(cidr)).toEqual({ container, gateway, dns, prefix });
  });

  it.each([
    [
      '10.0.2.0/28',
      100n,
      'calculated ip address 10.0.2.100 is not within given subnet 10.0.2.0/28'
    ],
    ['255.255.255.224/27', 100n, 'integer overflow while calculating ip address offset']
  ])('must fit into %s', (cidr, offset, message) => {
    expect(() => addressAbove(cidr, offset)).toThrow(message);
  });
});
