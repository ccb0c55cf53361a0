import { describe, expect, it } from 'vitest';
import type { CniResult } from '../../src/model/cni-result.ts';
import { containerHosts, type HostsInput } from '../../src/model/hosts-file.ts';

const LOCAL = '127.0.0.1\tlocalhost\n::1\tlocalhost\n';
const HOST = 'host.containers.internal host.docker.internal';

const bridged = (gateway: string, ...addresses: readonly string[]): CniResult => ({
  cniVersion: '1.1.0',
  interfaces: [{ name: 'cni0' }, { name: 'eth0', sandbox: '/run/netns/web' }],
  ips: addresses.map((address) => ({ address, gateway }))
});
const on = (result: CniResult, ...aliases: readonly string[]) => ({ aliases, result });

const lines = (over: Partial<HostsInput>) =>
  containerHosts({ id: 'web', add: [], attachments: [], sharers: [], base: LOCAL, ...over })
    .slice(0, -1)
    .split('\n')
    .filter((line) => !LOCAL.includes(`${line}\n`));

describe('containerHosts', () => {
  it('begins with the base as it stands', () => {
    const base =
      '# mine\n127.0.0.1 localhost\n\n10.0.0.9\tnas nas.lan # disk\n::1 localhost ip6-localhost';

    expect(containerHosts({ id: 'web', add: [], attachments: [], sharers: [], base })).toBe(
      `${base}\n127.0.0.1\tweb\n`
    );
  });

  it('has those that share its netns behind it, where it is', () => {
    const sharers = [{ id: 'side', hostname: 'car' }, { id: 'log' }];
    const result = bridged('10.0.0.1', '10.0.0.2/24', 'fd00::2/64');

    expect(lines({ sharers, attachments: [on(result, 'www')] }).slice(0, 6)).toEqual([
      '10.0.0.2\tweb www',
      'fd00::2\tweb www',
      '10.0.0.2\tcar side',
      'fd00::2\tcar side',
      '10.0.0.2\tlog',
      'fd00::2\tlog'
    ]);
    expect(lines({ sharers })).toEqual(['127.0.0.1\tweb', '127.0.0.1\tcar side', '127.0.0.1\tlog']);
  });

  it.each([
    ['both families where the base is empty', '', LOCAL],
    ['the family it lacks', '127.0.0.1 localhost\n', '127.0.0.1 localhost\n'],
    ['a comment is no entry', '# localhost\n', '# localhost\n']
  ])('adds localhost: %s', (_, base, begin) => {
    const text = containerHosts({ id: 'web', add: [], attachments: [], sharers: [], base });

    expect(text).toContain(begin);
    expect(text.match(/^(127\.0\.0\.1|::1)\s+localhost$/gm)).toHaveLength(2);
  });

  it('names the container on each network, by the first address of each family', () => {
    const first = bridged('10.88.0.1', '10.88.0.2/16', '10.88.0.3/16', 'fd00::2/64');

    expect(
      lines({
        hostname: 'www',
        attachments: [on(first, 'w1', 'w2'), on(bridged('', '10.89.0.2/24'))]
      })
    ).toEqual([
      '10.88.0.2\twww web w1 w2',
      'fd00::2\twww web w1 w2',
      '10.89.0.2\twww web',
      `10.88.0.1\t${HOST}`
    ]);
  });

  it('is on 127.0.0.1 without a network', () => {
    expect(lines({ hostname: 'www' })).toEqual(['127.0.0.1\twww web']);
    expect(lines({})).toEqual(['127.0.0.1\tweb']);
  });

  it.each(['host', 'path'] as const)('has no address that is known in mode %s', (namespace) => {
    expect(lines({ namespace, hostname: 'www' })).toEqual([]);
  });

  it('leaves the host’s own file as it is in its netns', () => {
    expect(
      containerHosts({
        id: 'web',
        namespace: 'host',
        add: [],
        attachments: [],
        sharers: [],
        base: ''
      })
    ).toBe('');
  });

  it('names the host by the gateway of each network that it has a link of', () => {
    const macvlan = {
      cniVersion: '1.1.0',
      interfaces: [{ name: 'eth1', sandbox: '/run/netns/web' }],
      ips: [{ address: '192.168.1.9/24', gateway: '192.168.1.1' }]
    };
    const both = [
      on(bridged('10.88.0.1', '10.88.0.2/16')),
      on(macvlan),
      on(bridged('fd00::1', 'fd00::2/64'))
    ];

    expect(lines({ attachments: both }).filter((line) => line.includes('host.'))).toEqual([
      `10.88.0.1\t${HOST}`,
      `fd00::1\t${HOST}`
    ]);
  });

  it('puts what was asked for before the container itself, in order', () => {
    const add = [
      { name: 'foobar', address: '1.1.1.1' },
      { name: 'foobaz', address: '2001:db8::68' },
      { name: 'gate', address: 'host-gateway' }
    ];

    expect(lines({ add, attachments: [on(bridged('10.88.0.1', '10.88.0.2/16'))] })).toEqual([
      '1.1.1.1 foobar',
      '2001:db8::68 foobaz',
      '10.88.0.1 gate',
      '10.88.0.2\tweb',
      `10.88.0.1\t${HOST}`
    ]);
  });

  it('lets what was asked for win over its own names, the host’s and the base', () => {
    const add = [
      { name: 'Web', address: '1.1.1.1' },
      { name: 'host.docker.internal', address: '1.1.1.2' },
      { name: 'nas', address: '1.1.1.3' }
    ];
    const base = `${LOCAL}10.0.0.9 nas nas.lan # disk\n10.0.0.8 NAS\n127.0.1.1 web\n`;
    const attachments = [on(bridged('10.88.0.1', '10.88.0.2/16'), 'alias')];

    expect(lines({ add, base, attachments })).toEqual([
      '10.0.0.9\tnas.lan',
      '1.1.1.1 Web',
      '1.1.1.2 host.docker.internal',
      '1.1.1.3 nas',
      '10.88.0.2\talias',
      '10.88.0.1\thost.containers.internal'
    ]);
  });

  it('takes its own names out of the base, where they were the host’s', () => {
    const base = `${LOCAL}127.0.1.1 www.lan www\n`;

    expect(lines({ hostname: 'www', base })).toEqual(['127.0.1.1\twww.lan', '127.0.0.1\twww web']);
  });

  it('host-gateway is the loopback on the host, and refused without a gateway', () => {
    const add = [{ name: 'gate', address: 'host-gateway' }];
    const refused = expect.objectContaining({ code: 'hosts.noGateway' }) as Error;

    expect(lines({ add, namespace: 'host' })).toEqual(['127.0.0.1 gate']);
    expect(() => lines({ add })).toThrow(refused);
  });
});
