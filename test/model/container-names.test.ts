import { describe, expect, it } from 'vitest';
import { parseContainerSpec } from '../../src/model/container-spec.ts';

const spec = (over: object) => parseContainerSpec({ id: 'web', ...over }, { network: 'mooring' });
const code = (over: object) => {
  try {
    spec(over);
    return undefined;
  } catch (error) {
    return (error as { code: string }).code;
  }
};

describe('names of a container', () => {
  it('are written one way', () => {
    const { hostname, dns, hosts } = spec({
      hostname: 'www.example',
      dns: {
        servers: ['9.9.9.9', 'FD00:0::53', '9.9.9.9'],
        search: ['a.example'],
        options: ['ndots:2']
      },
      hosts: {
        add: ['foobar:1.1.1.1', 'foobaz:2001:DB8::68', 'b:[::1]', 'gate:host-gateway'],
        file: '/h'
      }
    });

    expect(hostname).toBe('www.example');
    expect(dns).toEqual({
      servers: ['9.9.9.9', 'fd00::53'],
      search: ['a.example'],
      options: ['ndots:2']
    });
    expect(hosts).toEqual({
      add: [
        { name: 'foobar', address: '1.1.1.1' },
        { name: 'foobaz', address: '2001:db8::68' },
        { name: 'b', address: '::1' },
        { name: 'gate', address: 'host-gateway' }
      ],
      file: '/h'
    });
  });

  it('that say nothing are left out, so that a spec equals itself', () => {
    expect(spec({ dns: {}, hosts: { add: [], none: false } })).toEqual(spec({}));
    expect(spec({ dns: 'none', hosts: { none: true } })).toMatchObject({
      dns: 'none',
      hosts: { none: true }
    });
  });

  it.each<[object, string]>([
    [{ dns: { servers: ['foobar'] } }, 'dns.badServer'],
    [{ dns: { servers: ['1.1.1.1\nnameserver 6.6.6.6'] } }, 'dns.badServer'],
    [{ dns: { servers: ['none'] } }, 'dns.badServer'],
    [{ dns: { servers: ['1.1.1.1%eth0'] } }, 'dns.badServer'],
    [{ dns: { search: ['a b'] } }, 'dns.badSearch'],
    [{ dns: { search: [''] } }, 'dns.badSearch'],
    [{ dns: { search: ['a..b'] } }, 'dns.badSearch'],
    [{ dns: { options: ['a b'] } }, 'dns.badOption'],
    [{ dns: { options: ['a\nnameserver 6.6.6.6'] } }, 'dns.badOption'],
    [{ dns: { options: ['#'] } }, 'dns.badOption'],
    [{ dns: 'some' }, 'container.badInput'],
    [{ hosts: { add: ['foo:1.2'] } }, 'hosts.badEntry'],
    [{ hosts: { add: ['foo'] } }, 'hosts.badEntry'],
    [{ hosts: { add: [':1.1.1.1'] } }, 'hosts.badEntry'],
    [{ hosts: { add: ['a b:1.1.1.1'] } }, 'hosts.badEntry'],
    [{ hosts: { add: ['a\n6.6.6.6 b:1.1.1.1'] } }, 'hosts.badEntry'],
    [{ hosts: { add: ['a:fe80::1%eth0'] } }, 'hosts.badEntry'],
    [{ hosts: { file: 'etc/hosts' } }, 'hosts.badFile'],
    [{ hosts: { none: true, add: ['a:1.1.1.1'] } }, 'hosts.conflict'],
    [{ hosts: { none: true, file: '/h' } }, 'hosts.conflict'],
    [{ hosts: { add: ['a:host-gateway'] }, networks: 'none' }, 'hosts.noGateway'],
    [{ hostname: '' }, 'hostname.bad'],
    [{ hostname: 'a\nb' }, 'hostname.bad'],
    [{ hostname: 'a'.repeat(65) }, 'hostname.bad']
  ])('%j is refused: %s', (over, expected) => {
    expect(code(over)).toBe(expected);
  });

  const shared = { netns: { container: 'db' } };
  it.each<[string, object, string | undefined]>([
    ['--dns with container:X', { ...shared, dns: { servers: ['1.1.1.1'] } }, 'dns.conflict'],
    ['--dns-opt with container:X', { ...shared, dns: { options: ['debug'] } }, 'dns.conflict'],
    ['--dns-search with none', { networks: 'none', dns: { search: ['a'] } }, 'dns.conflict'],
    ['--dns none with none', { networks: 'none', dns: 'none' }, undefined],
    ['--dns with host', { netns: 'host', dns: { servers: ['1.1.1.1'] } }, undefined],
    [
      '--dns with ns:PATH',
      { netns: { path: '/run/netns/a' }, dns: { servers: ['1.1.1.1'] } },
      undefined
    ],
    ['--add-host with container:X', { ...shared, hosts: { add: ['a:1.1.1.1'] } }, 'hosts.conflict'],
    ['--add-host with none', { networks: 'none', hosts: { add: ['a:1.1.1.1'] } }, undefined]
  ])('%s', (_, over, expected) => {
    expect(code(over)).toBe(expected);
  });
});
