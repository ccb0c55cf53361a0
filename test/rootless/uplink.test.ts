import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Background } from '../sandbox/background.ts';
import { ask, serve } from '../sandbox/traffic.ts';
import { useUser } from '../sandbox/user.ts';
import { startControlled, type Controlled } from './control.fixture.ts';

const user = useUser();
const WORLD = '/run/netns/world';
const servers: Background[] = [];
let uplink: Controlled;

// `world` is another machine, to which the host's default routes lead.
beforeAll(async () => {
  await user.sh(`
    ip netns add world; ip -n world link set lo up
    ip link add up0 type veth peer name eth0 netns world
    ip addr add 192.0.2.1/24 dev up0; ip addr add fd77::1/64 dev up0 nodad; ip link set up0 up
    ip -n world addr add 192.0.2.2/24 dev eth0; ip -n world addr add fd77::2/64 dev eth0 nodad
    ip -n world link set eth0 up
    ip route add default via 192.0.2.2; ip -6 route add default via fd77::2
  `);
  for (const address of ['0.0.0.0', '::']) {
    const at = {
      netns: WORLD,
      protocol: 'tcp',
      address,
      port: address === '::' ? 6007 : 7007
    } as const;
    servers.push(await serve(user.host, at));
  }
  servers.push(await serve(user.host, { protocol: 'tcp', address: '127.0.0.1', port: 7008 }));
  uplink = await startControlled(user, 'uplink.fixture.mjs');
  await told('serve', { protocol: 'tcp', port: 80 });
  await told('serve', { protocol: 'udp', port: 80 });
});

afterEach(async () => {
  await told('chmod', { mode: 0o700 });
  await told('stop');
  expect(await told('children')).toEqual([]);
  expect(await told('files')).toEqual([]);
});

afterAll(async () => {
  await uplink.remove();
  for (const server of servers) await server.kill('SIGKILL');
});

const told: Controlled['told'] = (op, rest) => uplink.told(op, rest);
const sh = (script: string) => told('sh', { script }) as Promise<string>;
const remote = { netns: WORLD, protocol: 'tcp', address: '192.0.2.1', port: 8080 } as const;
const askOut = (address: string, port: number) => told('ask', { protocol: 'tcp', address, port });

interface ProcessId {
  readonly pid: number;
}

async function untilGone(pid: number): Promise<void> {
  await user.sh(`while [ -d /proc/${pid} ]; do :; done`);
}

describe('slirp4netns', () => {
  it('is ready with addresses of both families, however long their test would take', async () => {
    const dad = await sh('cat /proc/sys/net/ipv6/conf/default/accept_dad');
    await told('slirp');

    const addresses = await sh('ip -br addr show tap0');
    expect(addresses).toMatch(/ 10\.0\.2\.100\/24 fd00::[0-9a-f:]+\/64 fe80:/);
    expect(await sh('ip addr show tap0')).not.toContain('tentative');
    expect(await sh('cat /sys/class/net/tap0/mtu || ip link show tap0')).toMatch(/65520/);
    expect(await sh('cat /proc/sys/net/ipv6/conf/default/accept_dad')).toBe(dad);
    expect(await told('troubles')).toEqual([]);
    expect(await askOut('192.0.2.2', 7007)).toBe('hello');
    expect(await askOut('fd77::2', 6007)).toBe('hello');
  });

  it('lets nobody reach the host’s loopback unless asked', async () => {
    await told('slirp');
    expect(await askOut('10.0.2.2', 7008)).not.toBe('hello');
    await told('stop');

    await told('slirp', { options: ['cidr=192.168.0.0/24', 'allow_host_loopback=true'] });
    expect(await askOut('192.168.0.2', 7008)).toBe('hello');
    expect(await sh('ip -br -4 addr show tap0')).toContain('192.168.0.100/24');
  });

  it('has the MTU that is asked for, and no IPv6 when none is', async () => {
    await told('slirp', { options: ['mtu=9000', 'enable_ipv6=false'] });

    expect(await sh('ip addr show tap0')).toMatch(/ mtu 9000 /);
    expect(await sh('ip -br addr show tap0')).not.toContain('fd00:');
  });

  it('goes out from the address that is asked for', async () => {
    await user.sh('ip addr add 192.0.2.9/24 dev up0');
    await told('slirp', { options: ['outbound_addr=192.0.2.9'] });

    expect(await askOut('192.0.2.2', 7007)).toBe('hello');
    await servers[0]!.line(/^from 192\.0\.2\.9$/);
    expect(await uplink.answered('slirp', { options: ['outbound_addr=nope0'] })).toMatchObject({
      code: 'slirp.badOption',
      message: 'invalid outbound_addr "nope0": this host has no such interface with an address'
    });
  });

  it('forwards by itself and keeps the client’s address', async () => {
    await told('slirp', { apiSocket: 'RUN/api' });
    const forward = { hostAddress: '0.0.0.0', hostPort: 8080, guestPort: 80 };
    const add = { verb: 'addForward', args: [{ protocol: 'tcp', ...forward }] };

    expect(await told('mode', { name: 'api' })).toBe(0o600);
    expect(await told('api', add)).toBe(1);
    expect(await ask(user.host, remote, 'hello')).toMatchObject({ stdout: 'hello\n' });
    await uplink.process.line(/^80\/tcp from 192\.0\.2\.2$/);
    expect(await uplink.answered('api', add)).toMatchObject({ code: 'slirp.forwardFailed' });

    await told('api', { verb: 'addForward', args: [{ protocol: 'udp', ...forward }] });
    const udp = { ...remote, protocol: 'udp' } as const;
    expect(await ask(user.host, udp, 'hello')).toMatchObject({ stdout: 'hello\n' });
    await uplink.process.line(/^80\/udp from 192\.0\.2\.2$/);
    expect(await told('api', { verb: 'listForwards', args: [] })).toMatchObject([
      { id: 1, protocol: 'tcp', hostAddress: '0.0.0.0', guestAddress: '10.0.2.100' },
      { id: 2, protocol: 'udp', hostPort: 8080, guestPort: 80 }
    ]);

    await told('api', { verb: 'removeForward', args: [1] });
    expect(await ask(user.host, remote, 'x')).toMatchObject({ stderr: 'ECONNREFUSED\n' });
    expect(await uplink.answered('api', { verb: 'removeForward', args: [1] })).toMatchObject({
      code: 'slirp.forwardFailed',
      message: expect.stringContaining('bad arguments.id')
    });
  });

  it('gives its socket to nobody else', async () => {
    await told('chmod', { mode: 0o755 });
    const refused = async (apiSocket: string, rule: string) =>
      expect(await uplink.answered('slirp', { apiSocket })).toMatchObject({
        code: 'slirp.badSocket',
        message: expect.stringContaining(rule)
      });

    await refused('RUN/api', "must be this user's alone");
    await refused(`RUN/${'x'.repeat(108)}`, 'longer than 107 bytes');
    await refused('api', 'must be absolute');
    await refused('/nonexistent/api', 'is no directory');
  });

  it('says why it failed, and leaves nothing', async () => {
    await told('slirp');
    expect(await uplink.answered('slirp')).toMatchObject({
      code: 'slirp.failed',
      message: expect.stringMatching(/^slirp4netns failed: ".*busy.*"$/)
    });
    await told('stop');
    expect(await uplink.answered('slirp', { inode: '1' })).toMatchObject({
      code: 'netns.replaced'
    });
    expect(await uplink.answered('slirp', { timeoutMs: 0 })).toMatchObject({
      code: 'slirp.timedOut',
      message: 'slirp4netns was not ready after 0 ms'
    });
  });

  it('is missed when it is killed, and comes back in the same netns', async () => {
    const { pid } = (await told('slirp', { apiSocket: 'RUN/api' })) as ProcessId;
    await user.sh(`kill -KILL $(pgrep -x slirp4netns)`);

    expect(pid).toBeGreaterThan(0);
    expect(await told('ended')).toEqual({
      wanted: false,
      failure: { code: 'slirp.lost', message: 'slirp4netns ended (SIGKILL)' }
    });
    expect(await told('files')).toEqual([]);
    await told('slirp', { apiSocket: 'RUN/api' });
    expect(await askOut('192.0.2.2', 7007)).toBe('hello');
    expect(await told('stop')).toMatchObject({ wanted: true });
  });
});

describe('pasta', () => {
  it('gives the container the host’s addresses and the way out', async () => {
    await told('pasta');

    expect(await sh('ip -br addr show up0')).toContain('192.0.2.1/24');
    expect(await askOut('192.0.2.2', 7007)).toBe('hello');
    expect(await askOut('fd77::2', 6007)).toBe('hello');
    expect(await askOut('192.0.2.1', 7008)).not.toBe('hello');
  });

  it('publishes ports and keeps the client’s address', async () => {
    await told('pasta', { ports: ['8080:80', '8080:80/udp'] });

    for (const protocol of ['tcp', 'udp'] as const) {
      const answer = await ask(user.host, { ...remote, protocol }, 'hello');
      expect(answer).toMatchObject({ stdout: 'hello\n' });
      await uplink.process.line(new RegExp(`^80/${protocol} from 192\\.0\\.2\\.2$`));
    }
  });

  it.each([
    [{ ports: ['8070-8090:8070-8090'] }, 'port.inUse', /^host port 8080\/tcp is in use by another/],
    [{ ports: ['80:80'] }, 'port.EACCES', /ip_unprivileged_port_start=80/],
    [{ ports: ['8080:80/sctp'] }, 'port.notForwarded', /pasta can't forward protocol sctp/],
    [{ options: ['--map-guest-addr', '192.0.2.7'] }, 'pasta.notSupported', /^--map-guest-addr not/],
    [{ options: ['-i', 'nope0'] }, 'pasta.failed', /failed: "Invalid interface name nope0/],
    [{ timeoutMs: 0 }, 'pasta.timedOut', /^pasta was not ready after 0 ms/]
  ])('is refused with %j: %s', async (start, code, message) => {
    const holder = await serve(user.host, { protocol: 'tcp', port: 8080 });

    expect(await uplink.answered('pasta', start)).toMatchObject({
      code,
      message: expect.stringMatching(message)
    });

    await holder.kill('SIGKILL');
    await holder.done;
  });

  it('is missed when it is killed, and comes back in the same netns', async () => {
    await told('pasta', { ports: ['8080:80'] });
    await user.sh('kill -KILL $(pgrep -f ^/usr/bin/pasta)');

    expect(await told('ended')).toEqual({
      wanted: false,
      failure: { code: 'pasta.lost', message: 'pasta ended (SIGKILL)' }
    });
    await told('pasta', { ports: ['8080:80'] });
    expect(await ask(user.host, remote, 'hello')).toMatchObject({ stdout: 'hello\n' });
  });

  it('needs a default route, and says so', async () => {
    await user.sh('ip route del default; ip -6 route del default');

    expect(await uplink.answered('pasta')).toMatchObject({
      code: 'pasta.noRoute',
      message: expect.stringContaining('the host has no default route')
    });
    const options = ['--interface=up0', '--address=192.0.2.1', '--gateway=192.0.2.2'];
    await told('pasta', { options });
    expect(await askOut('192.0.2.2', 7007)).toBe('hello');
    await user.sh('ip route add default via 192.0.2.2; ip -6 route add default via fd77::2');
  });
});

describe('whoever starts them', () => {
  it.each([
    ['slirp', 'slirp4netns'],
    ['pasta', 'pasta']
  ])('may be killed, and %s ends with it', async (op, name) => {
    const other = await startControlled(user, 'uplink.fixture.mjs', `of-${op}`);
    await other.told(op);
    const pid = Number(await user.sh(`pgrep -n -f '^/usr/bin/${name}'`));

    await other.process.kill('SIGKILL');

    await untilGone(pid);
    await other.remove();
  });
});
