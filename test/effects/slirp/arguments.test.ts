import { describe, expect, it } from 'vitest';
import { slirpArguments } from '../../../src/effects/slirp/arguments.ts';
import type { SlirpFeatures } from '../../../src/effects/slirp/slirp.ts';
import { parseSlirpOptions } from '../../../src/model/slirp-options.ts';

const all: SlirpFeatures = {
  disableHostLoopback: true,
  mtu: true,
  enableSandbox: true,
  enableSeccomp: true,
  cidr: true,
  outboundAddr: true,
  enableIpv6: true
};
const netnsPath = '/run/netns/mooring-web';
const args = (options: string[], features: Partial<SlirpFeatures> = {}, apiSocket?: string) =>
  slirpArguments(
    parseSlirpOptions(options),
    { ...all, ...features },
    { netnsPath, ...(apiSocket !== undefined && { apiSocket }) }
  ).join(' ');

describe('the arguments of slirp4netns', () => {
  it('protect the host unless told otherwise', () => {
    expect(args([])).toBe(
      `--disable-host-loopback --mtu=65520 --enable-sandbox --enable-seccomp --enable-ipv6 -c -e 3 -r 4 --netns-type=path ${netnsPath} tap0`
    );
  });

  it('come in podman’s order', () => {
    const options = [
      'outbound_addr6=fd00::7',
      'mtu=9000',
      'allow_host_loopback=true',
      'outbound_addr=192.0.2.1',
      'cidr=192.168.0.0/24'
    ];

    expect(args(options, {}, '/run/x/api')).toBe(
      '--mtu=9000 --enable-sandbox --enable-seccomp --cidr=192.168.0.0/24 --enable-ipv6 ' +
        '--outbound-addr=192.0.2.1 --outbound-addr6=fd00::7 ' +
        `-c -e 3 -r 4 --api-socket /run/x/api --netns-type=path ${netnsPath} tap0`
    );
  });

  it.each<[string, string[], Partial<SlirpFeatures>]>([
    ['cidr', ['cidr=192.168.0.0/24'], { cidr: false }],
    ['enable_ipv6', [], { enableIpv6: false }],
    ['outbound_addr', ['outbound_addr=192.0.2.1'], { outboundAddr: false }],
    ['outbound_addr6', ['outbound_addr6=fd00::7'], { outboundAddr: false }],
    ['allow_host_loopback=false', [], { disableHostLoopback: false }]
  ])('are refused when the binary can’t do %s', (what, options, features) => {
    expect(() => args(options, features)).toThrow(
      expect.objectContaining({
        code: 'slirp.notSupported',
        message: `${what} not supported by this slirp4netns`
      })
    );
  });

  it('need nothing that was not asked for', () => {
    expect(
      args(['enable_ipv6=false'], { cidr: false, enableIpv6: false, outboundAddr: false })
    ).not.toContain('cidr');
  });
});
