import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { convertCniResult } from '../../src/model/cni-convert.ts';
import { parseCniResult, readCniResult } from '../../src/model/cni-parse.ts';
import type { CniResult } from '../../src/model/cni-result.ts';
import { CNI_VERSIONS } from '../../src/model/cni-version.ts';
import { MooringError } from '../../src/model/failure.ts';

const full: CniResult = {
  cniVersion: '1.1.0',
  interfaces: [
    { name: 'cni0', mac: '00:11:22:33:44:55' },
    {
      name: 'eth0',
      mac: '00:11:22:33:44:66',
      mtu: 1500,
      sandbox: '/run/netns/web',
      socketPath: '/run/vhost.sock',
      pciID: '8086:9a01'
    }
  ],
  ips: [
    { address: '10.1.2.3/24', gateway: '10.1.2.1', interface: 0 },
    { address: 'abcd:1234:ffff::cdde/64', gateway: 'abcd:1234:ffff::1', interface: 1 },
    { address: '10.1.2.4/24' }
  ],
  routes: [
    {
      dst: '15.5.6.0/24',
      gw: '15.5.6.8',
      mtu: 1400,
      advmss: 1340,
      priority: 1,
      table: 50,
      scope: 253
    },
    { dst: '1111:dddd::/80' }
  ],
  dns: {
    nameservers: ['1.2.3.4'],
    domain: 'acompany.com',
    search: ['somedomain.com'],
    options: ['foo']
  }
};

describe('a result', () => {
  it('of 1.1.0 keeps every field', () => {
    expect(convertCniResult(full, '1.1.0')).toEqual(full);
    expect(readCniResult(convertCniResult(full, '1.1.0'), '')).toEqual(full);
  });

  it('of 1.0.0 differs from 1.1.0 in its version only', () => {
    expect(convertCniResult(full, '1.0.0')).toEqual({ ...full, cniVersion: '1.0.0' });
    expect(readCniResult({ ...full, cniVersion: '1.0.0' }, '')).toEqual(full);
  });

  it('of 0.3 and 0.4 tells the version of each address, and not the new fields of interfaces', () => {
    const old = convertCniResult(full, '0.4.0');

    expect(old).toMatchObject({
      cniVersion: '0.4.0',
      ips: [{ version: '4', interface: 0 }, { version: '6', interface: 1 }, { version: '4' }],
      routes: full.routes
    });
    expect(old['interfaces']).toEqual([
      { name: 'cni0', mac: '00:11:22:33:44:55' },
      { name: 'eth0', mac: '00:11:22:33:44:66', sandbox: '/run/netns/web' }
    ]);
    expect(readCniResult(old, '').ips).toEqual(full.ips);
  });

  it('of 0.1 and 0.2 holds the first address of each family with its routes', () => {
    const expected = {
      ip4: {
        ip: '10.1.2.3/24',
        gateway: '10.1.2.1',
        routes: [{ dst: '15.5.6.0/24', gw: '15.5.6.8' }]
      },
      ip6: {
        ip: 'abcd:1234:ffff::cdde/64',
        gateway: 'abcd:1234:ffff::1',
        routes: [{ dst: '1111:dddd::/80' }]
      },
      dns: full.dns
    };

    expect(convertCniResult(full, '0.1.0')).toEqual({ cniVersion: '0.1.0', ...expected });
    expect(convertCniResult(full, '')).toEqual({ cniVersion: '0.1.0', ...expected });
    expect(convertCniResult(full, '0.2.0')).toEqual({ cniVersion: '0.2.0', ...expected });
  });

  it('goes from 0.2.0 to 0.4.0 and back without loss', () => {
    const old = {
      cniVersion: '0.2.0',
      ip4: {
        ip: '10.1.2.3/24',
        gateway: '10.1.2.1',
        routes: [{ dst: '0.0.0.0/0' }, { dst: '15.5.6.0/24', gw: '15.5.6.8' }]
      },
      ip6: { ip: 'fd00::3/64', routes: [{ dst: '::/0', gw: 'fd00::9' }] },
      dns: { nameservers: ['1.2.3.4'] }
    };
    const newer = convertCniResult(readCniResult(old, ''), '0.4.0');

    expect(newer).toMatchObject({ ips: [{ version: '4' }, { version: '6' }] });
    expect(convertCniResult(readCniResult(newer, ''), '0.2.0')).toEqual(old);
  });

  it('without an address has no form below 0.3.0', () => {
    for (const version of ['0.1.0', '0.2.0']) {
      expect(() => convertCniResult({ cniVersion: '1.1.0' }, version)).toThrow(
        expect.objectContaining({ code: 'cni.badResult' })
      );
    }
    expect(convertCniResult({ cniVersion: '1.1.0' }, '0.3.0')).toEqual({
      cniVersion: '0.3.0',
      routes: []
    });
  });

  it('keeps interface index 0, and has none where there was none', () => {
    const ips = readCniResult(convertCniResult(full, '0.3.1'), '').ips;

    expect(ips?.[0]).toHaveProperty('interface', 0);
    expect(ips?.[2]).not.toHaveProperty('interface');
  });

  it('may have an interface index of -1, and no interfaces', () => {
    const result = readCniResult({ ips: [{ address: '10.0.0.2/24', interface: -1 }] }, '1.0.0');

    expect(result.ips).toEqual([{ address: '10.0.0.2/24', interface: -1 }]);
  });

  it.each([
    ['no version and a configuration of 0.3.1', {}, '0.3.1'],
    ['an empty version and a configuration of 0.3.1', { cniVersion: '' }, '0.3.1']
  ])('with %s is read as 0.3.1', (_, version, configVersion) => {
    const result = readCniResult(
      { ...version, ips: [{ version: '4', address: '10.0.0.2/24' }] },
      configVersion
    );

    expect(result.ips).toEqual([{ address: '10.0.0.2/24' }]);
  });

  it('is of 0.1.0 when neither it nor the configuration has a version', () => {
    expect(parseCniResult('{"cniVersion":"","ip4":{"ip":"10.0.0.2/24"}}', '').ips).toEqual([
      { address: '10.0.0.2/24' }
    ]);
  });

  it('that is null is empty', () => {
    expect(parseCniResult('null', '1.0.0')).toEqual({ cniVersion: '1.1.0' });
  });

  it.each([
    ['an address of the wrong type', { ips: [{ address: 5 }] }, 'ips[0].address'],
    ['an address without prefix', { ips: [{ address: '10.0.0.2' }] }, 'ips[0].address'],
    ['a prefix that is too long', { ips: [{ address: '10.0.0.2/33' }] }, 'ips[0].address'],
    ['no address', { ips: [{}] }, 'ips[0].address'],
    [
      'a gateway that is none',
      { ips: [{ address: '10.0.0.2/24', gateway: 'x' }] },
      'ips[0].gateway'
    ],
    [
      'an index that is no integer',
      { ips: [{ address: '::1/128', interface: '0' }] },
      'ips[0].interface'
    ],
    ['a list that is none', { routes: {} }, 'routes'],
    ['a route that is none', { routes: ['0.0.0.0/0'] }, 'routes[0]'],
    ['an interface name that is none', { interfaces: [{ name: 1 }] }, 'interfaces[0].name'],
    ['name servers that are none', { dns: { nameservers: [1] } }, 'dns.nameservers[0]']
  ])('with %s is refused', (_, value, where) => {
    expect(() => readCniResult(value, '1.0.0')).toThrow(
      expect.objectContaining({
        code: 'cni.badResult',
        message: expect.stringContaining(`${where} in the result must be`) as string
      })
    );
  });

  it('of a version nobody knows is refused', () => {
    expect(() => parseCniResult('{"cniVersion":"0.4567.0"}', '1.0.0')).toThrow(
      expect.objectContaining({ code: 'cni.versionUnsupported' })
    );
  });
});

const cidr = fc.oneof(
  fc.tuple(fc.ipV4(), fc.integer({ min: 0, max: 32 })).map(([ip, bits]) => `${ip}/${bits}`),
  fc.tuple(fc.ipV6(), fc.integer({ min: 0, max: 128 })).map(([ip, bits]) => `${ip}/${bits}`)
);
const ip = fc.oneof(fc.ipV4(), fc.ipV6());
const text = fc.string({ minLength: 1 });
const number = fc.integer();

const results: fc.Arbitrary<CniResult> = fc.record(
  {
    interfaces: fc.array(
      fc.record({ name: text, mac: text, sandbox: text }, { requiredKeys: ['name'] })
    ),
    ips: fc.array(
      fc.record({ address: cidr, gateway: ip, interface: number }, { requiredKeys: ['address'] })
    ),
    routes: fc.array(
      fc.record(
        {
          dst: cidr,
          gw: ip,
          mtu: number,
          advmss: number,
          priority: number,
          table: number,
          scope: number
        },
        { requiredKeys: ['dst'] }
      )
    ),
    dns: fc.record(
      { nameservers: fc.array(ip), domain: text, search: fc.array(text), options: fc.array(text) },
      { requiredKeys: ['nameservers'] }
    ),
    cniVersion: fc.constant('1.1.0')
  },
  { requiredKeys: ['cniVersion', 'routes'] }
);

describe('any result', () => {
  it('comes back from every version since 0.3.0 as it was', () => {
    const versions = fc.constantFrom(...CNI_VERSIONS.slice(2));
    fc.assert(
      fc.property(results, versions, (result, version) => {
        const told = JSON.stringify(convertCniResult(result, version));
        expect(parseCniResult(told, '')).toEqual(result);
      })
    );
  });

  it('that is random JSON is read or refused, and nothing else', () => {
    const keys = fc.constantFrom('cniVersion', 'ips', 'ip4', 'routes', 'interfaces', 'dns', 'x');
    const shapes = fc.oneof(fc.jsonValue(), fc.dictionary(keys, fc.jsonValue()));
    fc.assert(
      fc.property(shapes, fc.constantFrom('', ...CNI_VERSIONS), (value, version) => {
        expectOnlyMooringErrors(() => parseCniResult(JSON.stringify(value), version));
      })
    );
    fc.assert(
      fc.property(fc.string(), (garbage) => {
        expectOnlyMooringErrors(() => parseCniResult(garbage, '1.0.0'));
      })
    );
  });

  it('that is nested a hundred thousand levels deep does no harm', () => {
    const deep = `{"x":${'['.repeat(100_000)}${']'.repeat(100_000)}}`;

    expect(parseCniResult(deep, '1.0.0')).toEqual({ cniVersion: '1.1.0' });
  });
});

function expectOnlyMooringErrors(work: () => unknown): void {
  try {
    work();
  } catch (error) {
    expect(error).toBeInstanceOf(MooringError);
  }
}
