import { describe, expect, it } from 'vitest';
import { freeSubnet, randomSubnet6 } from '../../src/model/subnet-choice.ts';
import {
  addressText,
  containsSubnet,
  firstAddress,
  lastAddress,
  nextSubnet,
  overlaps,
  parseAddress,
  parseSubnet,
  subnetText
} from '../../src/model/subnet.ts';

describe('subnet', () => {
  it.each([
    ['192.168.0.0/16', '192.169.0.0/16'],
    ['192.168.1.0/24', '192.168.2.0/24'],
    ['10.0.0.192/27', '10.0.0.224/27'],
    ['fd00:0:0:1::/64', 'fd00:0:0:2::/64']
  ])('finds the neighbour above %s', (subnet, next) => {
    expect(subnetText(nextSubnet(parseSubnet(subnet))!)).toBe(next);
  });

  it('has no neighbour above the last one', () => {
    expect(nextSubnet(parseSubnet('255.255.255.0/24'))).toBeUndefined();
  });

  it.each([
    ['192.168.0.0/16', '192.168.0.1', '192.168.255.255'],
    ['192.168.0.0/23', '192.168.0.1', '192.168.1.255'],
    ['192.168.1.0/25', '192.168.1.1', '192.168.1.127'],
    ['172.16.1.128/26', '172.16.1.129', '172.16.1.191'],
    ['10.0.0.0/8', '10.0.0.1', '10.255.255.255'],
    ['192.168.255.4/32', '192.168.255.4', '192.168.255.4'],
    ['192.168.255.4/31', '192.168.255.5', '192.168.255.5'],
    ['2001:db8::/48', '2001:db8::1', '2001:db8:0:ffff:ffff:ffff:ffff:ffff']
  ])('knows the first and the last address of %s', (subnet, first, last) => {
    expect(addressText(firstAddress(parseSubnet(subnet)))).toBe(first);
    expect(addressText(lastAddress(parseSubnet(subnet)))).toBe(last);
  });

  it.each([
    ['192.168.0.0/16', '192.168.1.0/24', true],
    ['192.168.1.0/24', '192.168.1.0/25', true],
    ['192.168.1.0/24', '192.168.2.0/24', false],
    ['::/0', '0.0.0.0/0', false]
  ])('tells whether %s and %s overlap', (a, b, expected) => {
    expect(overlaps(parseSubnet(a), parseSubnet(b))).toBe(expected);
    expect(overlaps(parseSubnet(b), parseSubnet(a))).toBe(expected);
  });

  it('holds the smaller one, and not the other way round', () => {
    const [wide, narrow] = [parseSubnet('10.0.0.0/8'), parseSubnet('10.1.0.0/16')];

    expect(containsSubnet(wide, narrow)).toBe(true);
    expect(containsSubnet(narrow, wide)).toBe(false);
  });

  it('drops host bits and writes IPv6 short', () => {
    expect(subnetText(parseSubnet('10.0.0.5/24'))).toBe('10.0.0.0/24');
    expect(subnetText(parseSubnet('fd00:1:2:3:4::/64'))).toBe('fd00:1:2:3::/64');
    expect(subnetText(parseSubnet('2001:0DB8:0::/48'))).toBe('2001:db8::/48');
  });

  it.each([
    '10.11.12.0/17000',
    '10.11.0/17000',
    '10.0.0.0',
    '10.0.0.0/33',
    '10.0.0.0/-1',
    '',
    '/24',
    '010.0.0.0/8',
    'fe80::%eth0/64',
    'fd00::/129',
    '10.0.0.0/24/24',
    '10.0.0.0/ 24'
  ])('refuses the CIDR %j', (text) => {
    expect(() => parseSubnet(text)).toThrow(expect.objectContaining({ code: 'subnet.bad' }));
  });

  it.each([
    '10.0.0.1/24',
    '010.0.0.1',
    '10.1',
    '0x0a.0.0.1',
    'fe80::1%eth0',
    '[::1]',
    '',
    ' 10.0.0.1',
    '10.0.0.256'
  ])('refuses the address %j', (text) => {
    expect(() => parseAddress(text)).toThrow(expect.objectContaining({ code: 'address.bad' }));
  });
});

describe('choice of a subnet', () => {
  const choose = (pool: string, prefix: number, taken: readonly string[]) => {
    const free = freeSubnet(parseSubnet(pool), prefix, taken.map(parseSubnet));
    return free && subnetText(free);
  };

  it.each([
    [[], '10.89.0.0/24'],
    [['10.89.0.0/24'], '10.89.1.0/24'],
    [['10.89.1.0/24', '10.89.0.128/25'], '10.89.2.0/24'],
    [['10.89.0.0/17', '192.168.0.0/16'], '10.89.128.0/24'],
    [['10.0.0.0/8'], undefined],
    [['10.89.0.0/16'], undefined]
  ])('steps over %j', (taken, expected) => {
    expect(choose('10.89.0.0/16', 24, taken)).toBe(expected);
  });

  it('never leaves its pool', () => {
    expect(choose('10.89.0.0/23', 24, ['10.89.0.0/24', '10.89.1.0/24'])).toBeUndefined();
    expect(choose('10.89.0.0/24', 23, [])).toBeUndefined();
  });

  it('draws an IPv6 subnet again while it is taken', () => {
    const draws = [Uint8Array.of(0, 0, 0, 0, 0, 0, 1), Uint8Array.of(0, 0, 0, 0, 0, 0, 2)];
    const free = randomSubnet6(() => draws.shift()!, [parseSubnet('fd00:0:0:1::/64')]);

    expect(subnetText(free!)).toBe('fd00:0:0:2::/64');
    expect(randomSubnet6(() => new Uint8Array(7), [parseSubnet('fd00::/8')])).toBeUndefined();
  });
});
