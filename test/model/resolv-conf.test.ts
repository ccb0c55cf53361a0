import { describe, expect, it } from 'vitest';
import {
  buildResolvConf,
  isResolvedStub,
  parseResolvConf,
  publicServers,
  reachableServers
} from '../../src/model/resolv-conf.ts';

describe('parseResolvConf', () => {
  it.each<[string, string, readonly string[]]>([
    ['a plain line', 'nameserver 1.2.3.4', ['1.2.3.4']],
    ['several, in order', 'nameserver 1.2.3.4\nnameserver 40.3.200.10', ['1.2.3.4', '40.3.200.10']],
    ['tabs and indentation', '\t nameserver\t1.2.3.4  \n', ['1.2.3.4']],
    ['the same twice', 'nameserver 1.2.3.4\nnameserver 1.2.3.4', ['1.2.3.4']],
    ['a comment behind it', 'nameserver 1.2.3.4 # not 4.3.2.1', ['1.2.3.4']],
    ['a comment with a semicolon', 'nameserver 1.2.3.4;not 4.3.2.1', ['1.2.3.4']],
    ['one that is commented out', '#nameserver 1.2.3.4\n;nameserver 1.2.3.5', []],
    ['a zone', 'nameserver FE80:0:0::1%eth0', ['fe80::1%eth0']],
    ['more behind the address', 'nameserver 1.2.3.4 4.3.2.1', []],
    ['no address', 'nameserver dns.example\nnameserver 1.2.3\nnameserver', []],
    ['a prefix', 'nameserver 1.2.3.4/24', []],
    ['a zone on IPv4', 'nameserver 1.2.3.4%eth0', []],
    ['another keyword', 'nameservers 1.2.3.4\nsortlist 1.2.3.4', []],
    [
      'line ends of another system',
      'nameserver 1.2.3.4\r\nnameserver 1.2.3.5\r\n',
      ['1.2.3.4', '1.2.3.5']
    ],
    ['nothing', '', []]
  ])('nameservers: %s', (_, text, nameservers) => {
    expect(parseResolvConf(text).nameservers).toEqual(nameservers);
  });

  it.each<[string, string, readonly string[]]>([
    ['one line', 'search a.example b.example', ['a.example', 'b.example']],
    ['the last of two', 'search a.example\nsearch b.example c.example', ['b.example', 'c.example']],
    ['domain as a list of one', 'domain a.example', ['a.example']],
    ['domain after search', 'search a.example b.example\ndomain c.example', ['c.example']],
    ['search after domain', 'domain c.example\nsearch a.example', ['a.example']],
    ['a line commented out', 'search a.example\n;search b.example', ['a.example']],
    ['the root', 'search .', ['.']],
    ['what is no domain', 'search a.example b/c -d.example', ['a.example']],
    ['an empty one', 'search a.example\nsearch', []]
  ])('search: %s', (_, text, search) => {
    expect(parseResolvConf(text).search).toEqual(search);
  });

  it.each<[string, string, readonly string[]]>([
    ['one line', 'options ndots:2 edns0', ['ndots:2', 'edns0']],
    ['the last of two', 'options ndots:2\noptions debug # no more', ['debug']],
    ['none', 'nameserver 1.2.3.4', []]
  ])('options: %s', (_, text, options) => {
    expect(parseResolvConf(text).options).toEqual(options);
  });
});

describe('buildResolvConf', () => {
  it('writes search, nameservers and options in this order, a line each', () => {
    const conf = {
      nameservers: ['1.1.1.1', 'fe80::1%eth0'],
      search: ['a.example', 'b.example'],
      options: ['ndots:2', 'debug']
    };

    expect(buildResolvConf(conf)).toBe(
      'search a.example b.example\nnameserver 1.1.1.1\nnameserver fe80::1%eth0\noptions ndots:2 debug\n'
    );
    expect(parseResolvConf(buildResolvConf(conf))).toEqual(conf);
  });

  it('leaves out what is empty, and a search for the root', () => {
    expect(buildResolvConf({ nameservers: [], search: ['.'], options: [] })).toBe('');
    expect(buildResolvConf({ nameservers: ['1.1.1.1'], search: [], options: [] })).toBe(
      'nameserver 1.1.1.1\n'
    );
  });
});

describe('reachableServers', () => {
  const servers = ['127.0.0.53', '10.0.0.1', '127.1.2.3', '::1', '0.0.0.0', '::'];
  const v6 = ['2001:db8::1', '::ffff:127.0.0.1', 'fe80::bb1%eth0'].map(
    (server) => parseResolvConf(`nameserver ${server}`).nameservers[0]!
  );

  it.each([
    [false, ['10.0.0.1']],
    [true, ['10.0.0.1', '2001:db8::1']]
  ])('keeps what another netns reaches, IPv6 %s', (ipv6, expected) => {
    expect(reachableServers([...servers, ...v6], { ipv6 })).toEqual(expected);
  });
});

it('publicServers has IPv6 ones for those who can use them', () => {
  expect(publicServers({ ipv6: false })).toEqual(['8.8.8.8', '8.8.4.4']);
  expect(publicServers({ ipv6: true })).toHaveLength(4);
});

it.each([
  [['127.0.0.53'], true],
  [['127.0.0.53', '10.0.0.1'], false],
  [['127.0.0.1'], false],
  [[], false]
])('isResolvedStub %j: %s', (nameservers, expected) => {
  expect(isResolvedStub({ nameservers })).toBe(expected);
});
