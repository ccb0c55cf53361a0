import { beforeAll, describe, expect, it } from 'vitest';
import { useSandbox } from '../sandbox/sandbox.ts';
import { hostOf } from './host.fixture.ts';
import { placeOf, rulesOf } from './rules-host.fixture.ts';

const sandbox = useSandbox();
const host = hostOf(sandbox);
const rules = rulesOf(sandbox);

const list = (name: string, third: number, plugins: readonly object[], families = '46') => ({
  cniVersion: '1.0.0',
  name,
  plugins: [
    {
      type: 'bridge',
      bridge: `br-${name}`,
      isGateway: true,
      ipMasq: true,
      ipam: {
        type: 'host-local',
        ranges: [
          ...(families.includes('4') ? [[{ subnet: `10.${third}.0.0/16` }]] : []),
          ...(families.includes('6') ? [[{ subnet: `fd00:${third}::/64` }]] : [])
        ],
        routes: families === '6' ? [{ dst: '::/0' }] : [{ dst: '0.0.0.0/0' }]
      }
    },
    ...plugins
  ]
});
const PORTMAP = { type: 'portmap', capabilities: { portMappings: true } };
const CONDITIONS = {
  conditionsV4: ['!', '--source', '10.1.2.3/16', '-d', '192.0.2.1'],
  conditionsV6: ['!', '--destination', 'fd00:0:0::1']
};

const LISTS = [
  list('dual', 30, [PORTMAP, { type: 'firewall' }, { type: 'tuning' }]),
  list('four', 31, [PORTMAP], '4'),
  list('six', 32, [PORTMAP, { type: 'firewall', backend: 'iptables' }], '6'),
  list('plain', 33, []),
  list('bare', 34, [{ ...PORTMAP, snat: false }]),
  list('bit', 35, [{ ...PORTMAP, markMasqBit: 31 }], '4'),
  list('outer', 36, [{ ...PORTMAP, externalSetMarkChain: 'OUTER-MARK' }], '4'),
  list('fussy', 37, [{ ...PORTMAP, ...CONDITIONS }]),
  list('apart', 38, [
    PORTMAP,
    { type: 'firewall', ingressPolicy: 'same-bridge', iptablesAdminChainName: 'MY-ADMIN' }
  ])
];

beforeAll(async () => {
  const files = LISTS.map(
    (conflist) =>
      `cat >/etc/cni/net.d/${conflist.name}.conflist <<'END'\n${JSON.stringify(conflist)}\nEND`
  );
  await host.sh(`mkdir -p /etc/cni/net.d\n${files.join('\n')}`);
});

const SHAPES: readonly (readonly [string, readonly string[]])[] = [
  ['no port', ['--network', 'dual']],
  ['one port', ['--network', 'dual', '-p', '8080:80']],
  ['udp and tcp', ['--network', 'dual', '-p', '8080:80', '-p', '53:53/udp', '-p', '80:80/udp']],
  ['a range', ['--network', 'dual', '-p', '9000-9011:9000-9011', '-p', '7000-7007:80-87']],
  ['a wide range', ['--network', 'dual', '-p', '20000-29999:20000-29999', '-p', '80:80']],
  ['a wide range of one address', ['--network', 'dual', '-p', '127.0.0.1:5000-5099:100-199/udp']],
  ['an address of the host', ['--network', 'dual', '-p', '127.0.0.1:8080:80']],
  [
    'addresses of both families',
    ['--network', 'dual', '-p', '127.0.0.1:81:80', '-p', '[::1]:82:80']
  ],
  ['IPv4 alone', ['--network', 'four', '-p', '8080:80', '-p', '[::1]:82:80']],
  ['IPv6 alone', ['--network', 'six', '-p', '8080:80', '-p', '[::1]:82:80']],
  ['two networks', ['--network', 'dual', '--network', 'four', '-p', '8080:80']],
  ['no port and no firewall', ['--network', 'plain']],
  ['no masquerade of ports', ['--network', 'bare', '-p', '8080:80']],
  ['another mark', ['--network', 'bit', '-p', '8080:80']],
  ['a policy for ingress', ['--network', 'apart', '-p', '8080:80']],
  ['names as long as they may be', ['--network', 'plain', '--network', 'four']]
];

describe('what the plugins make', () => {
  it.each(SHAPES)('is known for %s, rule by rule and in order', async (shape, input) => {
    const id = shape.startsWith('names') ? 'w'.repeat(60) : 'web';
    await host.unchanged(async () => {
      const before = await rules.saved();
      await host.ok('up', id, ...input);
      const saved = (await rules.saved()).filter((line) => !before.includes(line));
      const expected = await rules.expected(id);
      const amiss = await rules.amiss(id);
      await host.ok('down', id);
      await host.sh(FORGET_ADMIN);

      const known = expected.flatMap(({ chains, rules: own }) => [...chains, ...own]);
      const order = (lines: readonly string[]) =>
        lines
          .filter((line) => OWNED.test(line))
          .toSorted((one, other) => placeOf(one).localeCompare(placeOf(other)));
      expect(new Set(known)).toEqual(new Set(saved));
      expect(order(known)).toEqual(order(saved));
      expect(expected.flatMap(({ unknown }) => unknown)).toEqual([]);
      expect(amiss).toEqual([]);
    });
  });

  it.each([
    ['words of the user', 'fussy'],
    ['a chain of another', 'outer']
  ])('is known with %s, whatever way iptables prints it', async (_, network) => {
    await host.sh('iptables -t nat -N OUTER-MARK');
    await host.unchanged(async () => {
      await host.ok('up', 'web', '--network', network, '-p', '8080:80');
      const before = await rules.saved();
      const amiss = await rules.amiss('web');
      const { facts } = await rules.repair('web');
      const after = await rules.saved();
      await host.ok('down', 'web');

      expect(amiss).toEqual([]);
      expect(facts).toEqual([{ type: 'attachments.repaired', container: 'web' }]);
      expect(after).toEqual(before);
    });
    await host.sh('iptables -t nat -X OUTER-MARK');
  });
});

// The rules of one container; elsewhere those of several stand side by side.
const OWNED = /^\S+ nat (CNI-[0-9a-f]{24}|CNI-DN-\S+) /;

// The plugin firewall never takes these away.
const FORGET_ADMIN = `
for tables in iptables ip6tables; do
  $tables -S | grep -q MY-ADMIN || continue
  $tables -F FORWARD; $tables -F; $tables -X
done`;
