import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { useSandbox } from '../../sandbox/sandbox.ts';

const FIXTURE = fileURLToPath(new URL('./shared.fixture.mjs', import.meta.url));
const host = useSandbox({ each: true });

const BRIDGE = 'ip link add br0 type bridge && ip link set br0 up';

/** Through portmap and firewall, so that the shared chains stand as they make them. */
const chainsBy = (container: string) => `
ip netns add ${container} 2>/dev/null
export CNI_CONTAINERID=${container} CNI_NETNS=/run/netns/${container} CNI_IFNAME=eth0 CNI_PATH=/usr/lib/cni
for CNI_COMMAND in ADD DEL; do export CNI_COMMAND
for plugin in portmap firewall; do /usr/lib/cni/$plugin >/dev/null <<END || exit 1
{"cniVersion":"1.0.0","name":"n","type":"$plugin","runtimeConfig":{"portMappings":[
 {"hostPort":8080,"containerPort":80,"protocol":"tcp"}]},"prevResult":{"cniVersion":"1.0.0",
 "interfaces":[{"name":"eth0","sandbox":"$CNI_NETNS"}],
 "ips":[{"address":"10.99.0.2/24","interface":0},{"address":"fd00:9::2/64","interface":0}]}}
END
done; done
`;

async function sh(script: string): Promise<string> {
  const { code, stdout, stderr } = await host.run(['sh', '-c', script]);
  expect({ code, stderr }).toMatchObject({ code: 0 });
  return stdout;
}

async function shared(...steps: readonly string[]): Promise<unknown> {
  const { stdout, stderr } = await host.run([
    process.execPath,
    FIXTURE,
    '/run/usage.json',
    ...steps
  ]);
  expect(stderr).toBe('');
  return JSON.parse(stdout);
}

async function chains(): Promise<string[]> {
  const saved = await sh('iptables-save; ip6tables-save');
  return saved.split('\n').filter((line) => /^:CNI|^-/.test(line));
}

async function bridges(): Promise<string> {
  return (await sh('ip -br link show type bridge')).replace(/ .*/g, '').trim();
}

describe('network.prepare', () => {
  it('says which bridges were there before, again and again', async () => {
    await sh(BRIDGE);

    const prepared = { type: 'network.prepared', network: 'n', baseline: { bridges: ['br0'] } };
    expect(await shared('prepare:n:br0,br1', 'prepare:n:br0,br1')).toEqual([prepared, prepared]);
  });

  it('does not take a bridge for the host’s that another network has made', async () => {
    await shared('prepare:n:br0');
    await sh(BRIDGE);

    expect(await shared('prepare:m:br0', 'tidy:n:br0', 'tidy:m:br0')).toEqual([
      { type: 'network.prepared', network: 'm', baseline: { bridges: [] } },
      { type: 'network.tidied', network: 'n' },
      { type: 'network.tidied', network: 'm' }
    ]);
    expect(await bridges()).toBe('');
  });
});

describe('network.tidy', () => {
  it('deletes a bridge that is idle, and finds nothing the second time', async () => {
    await shared('prepare:n:br0');
    await sh(BRIDGE);

    const tidied = { type: 'network.tidied', network: 'n' };
    expect(await shared('tidy:n:br0', 'tidy:n:br0')).toEqual([tidied, tidied]);
    expect(await bridges()).toBe('');
  });

  it('deletes a bridge whose last container went with its netns, however busy the kernel is', async () => {
    await shared('prepare:n:br0');
    await sh(`${BRIDGE}; ip netns add web
      ip link add p type veth peer eth0 netns web; ip link set p master br0
      for n in $(seq 60); do unshare -n sleep 1000 >/dev/null 2>&1 & echo $! >>/run/pids; done
      for p in $(cat /run/pids); do until readlink /proc/$p/exe | grep -q sleep; do :; done; done`);

    // Sixty netns before it keep the kernel from taking its links away at once.
    const ends = 'sh:kill -9 $(cat /run/pids); umount /run/netns/web';
    expect(await shared(ends, 'tidy:n:br0')).toEqual([{ type: 'network.tidied', network: 'n' }]);
    expect(await sh('ip -br link show type bridge; ip -br link show type veth')).toBe('');
  });

  it('leaves a bridge to another network of ours that is in use on it', async () => {
    await shared('prepare:n:br0', 'prepare:m:br0');
    await sh(BRIDGE);

    await shared('tidy:n:br0');
    const between = await bridges();
    await shared('tidy:m:br0');

    expect(between).toBe('br0');
    expect(await bridges()).toBe('');
  });

  it('keeps a bridge that was there, one with a port, and what is no bridge', async () => {
    await sh(
      `${BRIDGE}; ip link add br1 type bridge; ip link add p type veth peer q; ip link set p master br1`
    );
    await sh('ip link add br2 type veth peer peer2');

    expect(await shared('tidy:n:br0,br1,br2:br0')).toEqual([
      { type: 'network.tidied', network: 'n' }
    ]);
    expect(await bridges()).toBe('br0\nbr1');
    expect(await sh('ip link show br2')).toContain('br2');
  });

  it('removes the shared chains with the last network, and not before', async () => {
    const before = await chains();
    await shared('prepare:n:br0', 'prepare:m:br1');
    await sh(chainsBy('web'));
    const used = await chains();
    expect(used.length).toBeGreaterThan(before.length);

    await shared('tidy:n:br0');
    expect(await chains()).toEqual(used);

    await shared('tidy:m:br1');
    expect(await chains()).toEqual(before);
  });

  it('takes the port back that dnsname opened on its bridge, and no other', async () => {
    const open = (bridge: string) => `iptables -A INPUT -i ${bridge} -p udp --dport 53 -j ACCEPT`;
    await sh(open('admin0'));
    await shared('prepare:named:named0,admin0', 'prepare:plain:plain0');
    await sh(`${open('named0')}; ${open('plain0')}`);

    await shared('tidy:named:named0,admin0', 'tidy:plain:plain0');
    const left = (await chains()).filter((line) => line.includes('--dport 53'));
    await sh('iptables -F INPUT');

    expect(left.map((line) => line.split(' ')[3])).toEqual(['admin0', 'plain0']);
  });

  it('removes what plugins running side by side have written twice', async () => {
    await shared('prepare:n:br0');
    await sh(chainsBy('web'));
    await sh('iptables -t nat -A OUTPUT -m addrtype --dst-type LOCAL -j CNI-HOSTPORT-DNAT');
    await sh('iptables -t nat -A CNI-HOSTPORT-MASQ -m mark --mark 0x2000/0x2000 -j MASQUERADE');

    await shared('tidy:n:br0');
    expect(await chains()).toEqual([]);
  });

  it('keeps chains that stood before the first network, whoever leaves last', async () => {
    await sh(chainsBy('foreign'));
    const before = await chains();
    await shared('prepare:n:br0', 'prepare:m:br1', 'tidy:n:br0', 'prepare:o:br2', 'tidy:m:br1');
    await sh(chainsBy('web'));

    await shared('tidy:o:br2');
    expect(await chains()).toEqual(before);
  });

  it('keeps a chain that holds or is used by a rule of somebody else', async () => {
    await shared('prepare:n:br0');
    await sh(chainsBy('web'));
    await sh('iptables -A CNI-ADMIN -s 192.0.2.1 -j DROP; iptables -t nat -N MINE');
    await sh('iptables -t nat -A MINE -j CNI-HOSTPORT-SETMARK');

    await shared('tidy:n:br0');
    const left = await chains();
    expect(left).toContain('-A CNI-ADMIN -s 192.0.2.1/32 -j DROP');
    expect(left).toContain('-A MINE -j CNI-HOSTPORT-SETMARK');
    expect(left.filter((line) => line.startsWith(':'))).toEqual([
      expect.stringContaining(':CNI-ADMIN'),
      expect.stringContaining(':CNI-HOSTPORT-SETMARK')
    ]);
  });
});
