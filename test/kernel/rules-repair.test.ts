import { beforeAll, describe, expect, it } from 'vitest';
import { useSandbox } from '../sandbox/sandbox.ts';
import { serve } from '../sandbox/traffic.ts';
import { hostOf, netnsOf } from './host.fixture.ts';
import { liveOf, tcp } from './live.fixture.ts';
import { rulesOf } from './rules-host.fixture.ts';

const sandbox = useSandbox();
const host = hostOf(sandbox);
const live = liveOf(sandbox, host);
const rules = rulesOf(sandbox);

const WEB = netnsOf('web');
const OUTSIDE = '/run/netns/outside';
const HOST = '192.0.2.1';
const FLUSH = `
for tables in iptables ip6tables; do
  $tables -F; $tables -t nat -F; $tables -X; $tables -t nat -X
done`;
const UP = ['up', 'web', '--network', 'front', '-p', '8080:80', '-p', '9000-9099:9000-9099'];
const DNAT = `$(iptables-save -t nat | sed -n 's/^:\\(CNI-DN-[^ ]*\\) .*/\\1/p;T;q')`;
const BRIDGE = `$(ip -br link show type bridge | sed 's/ .*//;q')`;

// `outside` is another machine, behind 192.0.2.1.
beforeAll(async () => {
  await host.sh(`
    sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
    ip netns add outside; ip -n outside link set lo up
    ip link add outside type veth peer name eth0 netns outside
    ip addr add ${HOST}/24 dev outside; ip link set outside up
    ip -n outside addr add 192.0.2.2/24 dev eth0; ip -n outside link set eth0 up
  `);
  const subnets = ['--subnet', '10.20.0.0/24', '--subnet', 'fd00:20::/64'];
  await host.ok('network', 'create', '--disable-dns', 'front', ...subnets);
});

describe('a repair', () => {
  it.each([
    ['iptables -F and -X', FLUSH],
    ['iptables -F without -X', 'iptables -F; iptables -t nat -F; ip6tables -t nat -F'],
    ['nft flush ruleset', 'nft flush ruleset'],
    ['one jump', 'iptables -t nat -D PREROUTING 1'],
    ['the jump that masquerades', 'iptables -t nat -D POSTROUTING 1'],
    ['one chain', `iptables -t nat -F ${DNAT}`],
    ['the first rule of a chain', `iptables -t nat -D ${DNAT} 1`],
    ['a rule in the middle', `iptables -t nat -D ${DNAT} 2; iptables -t nat -D ${DNAT} 3`],
    ['the last rule of a chain', `iptables -t nat -D ${DNAT} 6`],
    ['what accepts', 'iptables -D FORWARD 1; ip6tables -F CNI-FORWARD'],
    ['the routing of 127/8', `sysctl -qw net.ipv4.conf.${BRIDGE}.route_localnet=0`],
    ['forwarding', 'sysctl -qw net.ipv4.ip_forward=0'],
    ['the address of the bridge', `ip addr del 10.20.0.1/24 dev ${BRIDGE}`],
    ['both addresses of the bridge', `ip addr flush dev ${BRIDGE} scope global`]
  ])('puts back what %s took, in place, and traffic flows again', async (_, damage) => {
    await host.unchanged(async () => {
      await host.ok(...UP);
      const before = { rules: await rules.saved(), host: await host.snapshot() };
      const inside = await live.within(WEB);
      await host.sh(damage);
      const amiss = await rules.amiss('web');
      const { facts } = await rules.repair('web');
      const after = { rules: await rules.saved(), host: await host.snapshot() };
      const answers = await live.answersOf('web', 80, [
        tcp(8080, '127.0.0.1'),
        tcp(8080, HOST, OUTSIDE),
        tcp(8080, HOST, WEB)
      ]);
      const out = await masqueraded();
      const [left, insideAfter] = [await rules.amiss('web'), await live.within(WEB)];
      await host.ok('down', 'web');

      expect(amiss).not.toEqual([]);
      expect(facts).toEqual([{ type: 'attachments.repaired', container: 'web' }]);
      expect(left).toEqual([]);
      expect(after.rules).toEqual(before.rules);
      expect(after.host['links and addresses']).toEqual(before.host['links and addresses']);
      expect(insideAfter).toEqual(inside);
      expect(answers).toEqual(['hello', 'hello', 'hello']);
      expect(out).toBe(`from ::ffff:${HOST}`);
    });
  });

  it('changes nothing when all is there, and starts nothing but what reads', async () => {
    await host.unchanged(async () => {
      await host.ok(...UP);
      const save = `iptables-save | grep -v '^#'; ip6tables-save | grep -v '^#'`;
      const before = await host.sh(save);
      const { facts, tools } = await rules.repair('web');
      const after = await host.sh(save);
      await host.ok('down', 'web');

      expect(facts).toEqual([{ type: 'attachments.repaired', container: 'web' }]);
      expect(tools.filter((tool) => !/^ip6?tables-save|^firewall-cmd/.test(tool))).toEqual([]);
      expect(after).toBe(before);
    });
  });

  it('lets containers ask the server of dnsname again', async () => {
    await host.ok('network', 'create', 'named', '--subnet', '10.29.0.0/24');
    await host.unchanged(async () => {
      for (const id of ['web', 'db']) await host.ok('up', id, '--network', 'named');
      const before = await host.sh('iptables -S INPUT');
      await host.sh('iptables -F INPUT');
      const amiss = await rules.amiss('web');
      await rules.repair('web', 'db');
      const after = await host.sh('iptables -S INPUT');
      await host.ok('down', '--all');

      expect(before).toContain('--dport 53 -j ACCEPT');
      expect(amiss).toEqual([expect.stringMatching(/^rule INPUT -i mooring\d .*is gone$/)]);
      expect(after).toBe(before);
    });
  });

  it('of a rule that was moved puts it where it belongs', async () => {
    await host.unchanged(async () => {
      await host.ok(...UP);
      const before = await rules.saved();
      await host.sh(`
        rule=$(iptables -t nat -S ${DNAT} | sed -n '3s/^-A //p')
        iptables -t nat -D $rule; iptables -t nat -A $rule
        iptables -t nat -D POSTROUTING -m comment --comment 'CNI portfwd requiring masquerade' -j CNI-HOSTPORT-MASQ
        iptables -t nat -A POSTROUTING -m comment --comment 'CNI portfwd requiring masquerade' -j CNI-HOSTPORT-MASQ
      `);
      const amiss = await rules.amiss('web');
      await rules.repair('web');
      const after = await rules.saved();
      await host.ok('down', 'web');

      expect(amiss).toEqual([
        expect.stringMatching(/^rule POSTROUTING .* is out of order$/),
        expect.stringMatching(/^rule CNI-DN-.*-s 127.0.0.1.* is out of order$/)
      ]);
      expect(after).toEqual(before);
    });
  });

  it('leaves the rules and chains of others as they are, like ours or not', async () => {
    const chain = 'CNI-DN-aaaaaaaaaaaaaaaaaaaaa';
    const foreign = `
      iptables -t nat -N ${chain}
      iptables -t nat -A ${chain} -p tcp --dport 8080 -j DNAT --to-destination 198.51.100.9:80
      iptables -t nat -A POSTROUTING -s 10.20.0.2 -m comment --comment 'name: "front" id: "web"' -j RETURN
      iptables -t nat -N CNI-FOREIGN
      iptables -t nat -I POSTROUTING -m comment --comment 'name: "front" id: "web2"' -j CNI-FOREIGN
      iptables -N CNI-FORWARD-X; iptables -A FORWARD -j CNI-FORWARD-X`;
    await host.unchanged(async () => {
      await host.ok(...UP);
      const own = await rules.saved();
      await host.sh(`${FLUSH}\n${foreign}`);
      const before = await rules.saved();
      await rules.repair('web');
      const after = await rules.saved();
      await host.ok('down', 'web');
      await host.sh(FLUSH);

      expect(after.filter((line) => before.includes(line))).toEqual(before);
      expect(new Set(after)).toEqual(new Set([...own, ...before]));
    });
  });

  it('of many at once reads and writes each family by one program, and makes nothing twice', async () => {
    const ids = ['a', 'b', 'c', 'd'];
    await host.unchanged(async () => {
      for (const [index, id] of ids.entries()) {
        await host.ok('up', id, '--network', 'front', '-p', `${8080 + index}:80`);
      }
      const before = await rules.saved();
      await host.sh(FLUSH);
      const { tools } = await rules.repair(...ids);
      const after = await rules.saved();
      await host.ok('down', '--all');

      expect(after.toSorted()).toEqual(before.toSorted());
      expect(tools.filter((tool) => tool.includes('-restore'))).toHaveLength(2);
      expect(tools.filter((tool) => tool.includes('-save'))).toHaveLength(2);
    });
  });

  it('by two processes at once makes nothing twice', async () => {
    await host.unchanged(async () => {
      await host.ok('up', 'a', '--network', 'front', '-p', '8081:80');
      await host.ok('up', 'b', '--network', 'front', '-p', '8082:80');
      const before = await rules.saved();
      await host.sh(FLUSH);
      await Promise.all(['a', 'b'].map((id) => host.ok('network', 'reload', id)));
      const after = await rules.saved();
      await host.ok('down', '--all');

      expect(after.toSorted()).toEqual(before.toSorted());
    });
  });

  it('says which chain of another it lacks, and puts the rest back', async () => {
    await host.sh(`
      sed 's/"front"/"outer"/; s/10.20.0/10.21.0/g; s/fd00:20:/fd00:21:/g
        s/"type": *"portmap"/&,"externalSetMarkChain":"OUTER-MARK"/
        s/"bridge": *"[^"]*"/"bridge":"outer1"/' /etc/cni/net.d/*front*.conflist >/etc/cni/net.d/outer.conflist
      for tables in iptables ip6tables; do $tables -t nat -N OUTER-MARK; done`);
    await host.unchanged(async () => {
      await host.ok('up', 'web', '--network', 'outer', '-p', '8080:80');
      await host.sh(FLUSH);
      const { facts } = await rules.repair('web');
      const answers = await live.answersOf('web', 80, [tcp(8080, HOST, OUTSIDE)]);
      await host.ok('down', 'web');
      await host.sh('for tables in iptables ip6tables; do $tables -t nat -N OUTER-MARK; done');

      expect(facts[0]).toMatchObject({
        type: 'attachments.repairFailed',
        failure: {
          code: 'firewall.chainMissing',
          message: expect.stringMatching(/^repairing web: chain OUTER-MARK /) as unknown
        }
      });
      expect(answers).toEqual(['hello']);
    });
  });
});

/** Where a connection from the container seems to come from, outside. */
async function masqueraded(): Promise<string> {
  const server = await serve(sandbox, { ...tcp(81, '::', OUTSIDE) });
  await live.answerOf(tcp(81, '192.0.2.2', WEB));
  const from = await server.line(/^from/);
  await server.kill('SIGKILL');
  await server.done;
  return from;
}
