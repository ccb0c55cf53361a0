import { describe, expect, it } from 'vitest';
import type { CniDns, CniResult } from '../../src/model/cni-result.ts';
import {
  containerResolvConf,
  type ResolvConfInput
} from '../../src/model/container-resolv-conf.ts';

const V4 = '10.88.0.2/16';
const V6 = 'fd00::2/64';

const result = (addresses: readonly string[], dns?: CniDns): CniResult => ({
  cniVersion: '1.1.0',
  ips: addresses.map((address) => ({ address })),
  ...(dns && { dns })
});
const named = (server: string, domain = 'dns.podman') =>
  result([V4], { nameservers: [server], domain, search: [domain] });

const conf = (nameservers: string[] = [], search: string[] = [], options: string[] = []) => ({
  nameservers,
  search,
  options
});
const asked = (servers: string[] = [], search: string[] = [], options: string[] = []) => ({
  servers,
  search,
  options
});
const host = conf(['10.0.0.53', '2001:db8::53'], ['corp.example'], ['edns0']);

const made = (over: Partial<ResolvConfInput>) =>
  containerResolvConf({ results: [result([V4])], base: host, isOwnBase: false, ...over });

describe('nameservers', () => {
  it.each<[string, Partial<ResolvConfInput>, readonly string[]]>([
    ['the host’s, v4 only', {}, ['10.0.0.53']],
    ['the host’s, v6 as well', { results: [result([V4, V6])] }, ['10.0.0.53', '2001:db8::53']],
    [
      'those asked for, alone',
      { dns: asked(['9.9.9.9']), results: [named('10.88.0.1')] },
      ['9.9.9.9']
    ],
    [
      'those of the networks, then the host’s',
      { results: [named('10.88.0.1'), named('10.89.0.1')] },
      ['10.88.0.1', '10.89.0.1', '10.0.0.53']
    ],
    ['none twice', { results: [named('10.0.0.53')] }, ['10.0.0.53']],
    ['no junk of a network', { results: [named('evil\nnameserver 6.6.6.6')] }, ['10.0.0.53']],
    [
      'public ones when the host’s are all local',
      { base: conf(['127.0.0.1', '::1']) },
      ['8.8.8.8', '8.8.4.4']
    ],
    [
      'public ones of both families',
      { base: conf(), results: [result([V4, V6])] },
      ['8.8.8.8', '8.8.4.4', '2001:4860:4860::8888', '2001:4860:4860::8844']
    ],
    [
      'no public ones beside those of a network',
      { base: conf(['127.0.0.1']), results: [named('10.88.0.1')] },
      ['10.88.0.1']
    ],
    [
      'in the host’s netns as they are',
      { namespace: 'host', base: conf(['127.0.0.53', '::1']) },
      ['127.0.0.53', '::1']
    ],
    [
      'of the netns’ own file as they are',
      { isOwnBase: true, base: conf(['127.0.0.1']) },
      ['127.0.0.1']
    ],
    [
      'in a netns at a path with v6, as nobody knows',
      { namespace: 'path', results: [], base: conf(['127.0.0.53', '2001:db8::53']) },
      ['2001:db8::53']
    ]
  ])('%s', (_, input, expected) => {
    expect(made(input).nameservers).toEqual(expected);
  });
});

describe('search', () => {
  it.each<[string, Partial<ResolvConfInput>, readonly string[]]>([
    ['the host’s', {}, ['corp.example']],
    ['those asked for', { dns: asked([], ['foobar.com']) }, ['foobar.com']],
    [
      'those of a network in place of the host’s',
      { results: [named('10.88.0.1')] },
      ['dns.podman']
    ],
    [
      'asked for, then the network’s',
      { dns: asked([], ['foobar.com']), results: [named('10.88.0.1')] },
      ['foobar.com', 'dns.podman']
    ],
    [
      'of two networks',
      { results: [named('10.88.0.1', 'a'), named('10.89.0.1', 'b')] },
      ['a', 'b']
    ],
    ['none at all', { dns: asked([], ['.']), results: [named('10.88.0.1')] }, []],
    [
      'the domain where there is no search',
      { results: [result([V4], { domain: 'a.example' })] },
      ['a.example']
    ],
    ['no junk of a network', { results: [named('10.88.0.1', 'a b')] }, ['corp.example']]
  ])('%s', (_, input, expected) => {
    expect(made(input).search).toEqual(expected);
  });
});

describe('options', () => {
  it.each<[string, Partial<ResolvConfInput>, readonly string[]]>([
    ['the host’s', {}, ['edns0']],
    ['those asked for', { dns: asked([], [], ['debug']) }, ['debug']],
    ['those of a network', { results: [result([V4], { options: ['ndots:1'] })] }, ['ndots:1']]
  ])('%s', (_, input, expected) => {
    expect(made(input).options).toEqual(expected);
  });
});
