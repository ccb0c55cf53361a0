import { describe, expect, it } from 'vitest';
import { longestRise } from '../../../src/effects/firewall/longest-rise.ts';
import { parseTable } from '../../../src/effects/firewall/iptables.ts';
import { ruleKey, ruleText } from '../../../src/effects/firewall/same-rule.ts';

const words = (text: string) => text.split(' ');

describe('ruleKey', () => {
  it.each([
    ['-s 10.0.0.5 -j ACCEPT', '--source 10.0.0.5/32 --jump ACCEPT'],
    ['-s 10.1.2.3/16 -j X', '-s 10.1.0.0/16 -j X'],
    ['-d fd00:0:0::1 -j X', '-d fd00::1/128 -j X'],
    ['-p tcp --dport 80 -j X', '-p tcp -m tcp --dport 80 -j X'],
    ['-m multiport --destination-ports 80,81 -j X', '-m multiport --dports 80,81 -j X'],
    ['--ctstate RELATED,ESTABLISHED -j X', '--ctstate ESTABLISHED,RELATED -j X'],
    ['-j MARK --set-xmark 0x2000/0x2000', '-j MARK --set-mark 8192/8192']
  ])('is one for %s and %s', (one, other) => {
    expect(ruleKey(words(one))).toBe(ruleKey(words(other)));
  });

  it.each([
    ['-s 10.0.0.5 -j X', '! -s 10.0.0.5 -j X'],
    ['-s 10.0.0.5 -j X', '-d 10.0.0.5 -j X'],
    ['-p tcp --dport 80 -j X', '-p udp --dport 80 -j X'],
    ['--comment -j -j X', '-j X']
  ])('differs for %s and %s', (one, other) => {
    expect(ruleKey(words(one))).not.toBe(ruleKey(words(other)));
  });
});

describe('ruleText', () => {
  it('is read back as it was meant', () => {
    const rule = ['--comment', 'name: "a" \\ -j', '-j', 'X'];
    const { rules } = parseTable(`*nat\n-A C ${ruleText(rule)}\nCOMMIT\n`, 'nat');

    expect(rules[0]!.words).toEqual(rule);
  });
});

describe('longestRise', () => {
  it.each([
    [
      [0, 1, 2],
      [0, 1, 2]
    ],
    [
      [3, 0, 1, 2],
      [1, 2, 3]
    ],
    [
      [0, 3, 1, 2],
      [0, 2, 3]
    ],
    [[-1, 5, -1], [1]],
    [[-1, -1], []]
  ])('keeps as many of %j as it can', (numbers, kept) => {
    expect([...longestRise(numbers)].sort()).toEqual(kept);
  });
});
