import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Background } from '../sandbox/background.ts';
import { ask } from '../sandbox/traffic.ts';
import { SEEN_AT } from '../sandbox/sandbox.ts';
import { useUser } from '../sandbox/user.ts';
import { startControlled, type Controlled } from './control.fixture.ts';

const user = useUser();
const WORLD = '/run/netns/world';
const FIXTURES = `${SEEN_AT}/test/rootless`;
let forwarder: Controlled;

// `world` is another machine, for which we are 192.0.2.1, 192.0.2.9 and fd77::1.
beforeAll(async () => {
  await user.sh(`
    ip netns add world; ip -n world link set lo up
    ip link add world type veth peer name eth0 netns world
    ip addr add 192.0.2.1/24 dev world; ip addr add 192.0.2.9/24 dev world
    ip addr add fd77::1/64 dev world nodad; ip link set world up
    ip -n world addr add 192.0.2.2/24 dev eth0; ip -n world addr add fd77::2/64 dev eth0 nodad
    ip -n world link set eth0 up
  `);
  forwarder = await startControlled(user, 'forward.fixture.mjs');
  for (const [address, protocols] of Object.entries(SERVED)) {
    for (const protocol of protocols)
      await told('serve', { at: 'ctr', protocol, port: 80, address });
  }
});

afterAll(() => forwarder.remove());

const SERVED = { '10.90.0.5': ['tcp', 'udp'], '10.90.0.6': ['tcp'], 'fd90::5': ['tcp', 'udp'] };

const told: Controlled['told'] = (op, rest) => forwarder.told(op, rest);

const web = { container: 'web' };
const toWeb = { ...web, at: 'shared', addresses: ['10.90.0.5', 'fd90::5'] };

async function publish(...ports: string[]): Promise<readonly { readonly hostPort: number }[]> {
  const published = await told('publish', { ...web, ports });
  await told('aim', toWeb);
  return published as readonly { readonly hostPort: number }[];
}

const counters = async () => (await told('counters', web)) as Record<string, number>;

async function until(what: () => Promise<boolean>): Promise<void> {
  while (!(await what()));
}

function client(...args: readonly (string | number)[]): Promise<Background> {
  const argv = [process.execPath, `${FIXTURES}/forward-client.fixture.mjs`, ...args.map(String)];
  return user.host.start(['nsenter', `--net=${WORLD}`, ...argv]);
}

async function end(process: Background): Promise<void> {
  await process.kill('SIGKILL');
  await process.done;
}

const listeners = () => user.sh(`ss -lntuHe | grep -E ':80[0-9][0-9]' | sort`).catch(() => '');

describe('a forwarded port', () => {
  afterEach(async () => {
    await told('withdraw', web);
  });

  it.each([
    ['tcp', '192.0.2.1', '10.90.0.5', '10.90.0.1'],
    ['tcp', 'fd77::1', 'fd90::5', 'fd90::1'],
    ['udp', '192.0.2.1', '10.90.0.5', '10.90.0.1'],
    ['udp', 'fd77::1', 'fd90::5', 'fd90::1'],
    // What a client asks is what answers it, whichever the routes would choose.
    ['udp', '192.0.2.9', '10.90.0.5', '10.90.0.1']
  ] as const)(
    'leads a remote %s client of %s to the container, as who it is not, but never as loopback',
    async (protocol, address, container, source) => {
      await publish(`8080:80/${protocol}`);

      const answer = await ask(user.host, { netns: WORLD, protocol, address, port: 8080 }, 'hello');

      expect(answer).toMatchObject({ code: 0, stdout: 'hello\n' });
      await forwarder.process.line(new RegExp(`^${container}:80/${protocol} from ${source}$`));
      expect(await counters()).toMatchObject({ accepted: 1, bytesIn: 5, bytesOut: 5, dropped: 0 });
    }
  );

  it('of the host’s own loopback is no loopback for the container either', async () => {
    await publish('127.0.0.1:8080:80');

    expect(
      await ask(user.host, { protocol: 'tcp', address: '127.0.0.1', port: 8080 }, 'hello')
    ).toMatchObject({ stdout: 'hello\n' });
    expect(
      await ask(user.host, { netns: WORLD, protocol: 'tcp', address: '192.0.2.1', port: 8080 }, 'x')
    ).toMatchObject({ stderr: 'ECONNREFUSED\n' });
  });

  it('may lead into the container’s own netns, as for slirp4netns', async () => {
    await publish('8080:80');
    await told('aim', { ...toWeb, at: 'ctr' });

    const to = { netns: WORLD, protocol: 'tcp', address: '192.0.2.1', port: 8080 } as const;
    expect(await ask(user.host, to, 'hello')).toMatchObject({ stdout: 'hello\n' });
    await forwarder.process.line(/^10\.90\.0\.5:80\/tcp from 10\.90\.0\.5$/);
  });

  it('leads a client to the other family when the container has no address of its own', async () => {
    await publish('8080:80/tcp,udp');
    await told('aim', { ...toWeb, addresses: ['fd90::5'] });

    for (const protocol of ['tcp', 'udp'] as const) {
      const to = { netns: WORLD, protocol, address: '192.0.2.1', port: 8080 };
      expect(await ask(user.host, to, 'hello')).toMatchObject({ stdout: 'hello\n' });
    }
  });

  it('follows the container’s address without dropping its listener', async () => {
    await publish('8080:80');
    const before = await listeners();
    const old = await client('stay', '192.0.2.1', 8080);
    await old.line(/^answer hi/);

    await told('aim', { ...web, aim: 'hold' });
    const waiting = await client('stay', '192.0.2.1', 8080);
    await waiting.line(/^connected$/);
    expect(await counters()).toMatchObject({ accepted: 1, open: 1 });
    await told('aim', { ...toWeb, addresses: ['10.90.0.6'] });

    await waiting.line(/^answer hi/);
    await forwarder.process.line(/^10\.90\.0\.6:80\/tcp from 10\.90\.0\.1$/);
    // There is nobody any more at the address it talks to.
    await old.line(/^error ECONNRESET$/);
    expect(await listeners()).toBe(before);
    await Promise.all([end(old), end(waiting)]);
  });

  it('keeps its connections when the address stays', async () => {
    await publish('8080:80');
    const staying = await client('stay', '192.0.2.1', 8080);
    await staying.line(/^answer hi/);

    await told('aim', { ...web, aim: 'hold' });
    await told('aim', { ...toWeb, addresses: ['10.90.0.6', '10.90.0.5'] });

    await staying.line(/^answer on/);
    expect(await counters()).toMatchObject({ open: 1 });
    await end(staying);
    await until(async () => (await counters())['open'] === 0);
  });

  it('resets whom the container refuses, or when there is no container to lead to', async () => {
    await publish('8080:81', '8081:80', '8082:81/udp');
    const refused = { netns: WORLD, protocol: 'tcp', address: '192.0.2.1', port: 8080 } as const;
    expect(await ask(user.host, refused, 'x')).toMatchObject({ stderr: 'ECONNRESET\n' });

    await told('aim', { ...web, aim: 'refuse' });
    const nobody = await ask(user.host, { ...refused, port: 8081 }, 'x');
    expect(nobody).toMatchObject({ stderr: 'ECONNRESET\n' });
    await ask(user.host, { ...refused, protocol: 'udp', port: 8082 }, 'x', 100);
    expect(await counters()).toMatchObject({ accepted: 2, refused: 2, dropped: 1, open: 0 });
  });

  it('passes every byte both ways, and the end of each way by itself', async () => {
    await publish('8080:80');

    const sender = await client('whole', '192.0.2.1', 8080, 48);

    expect(await sender.line(/./)).toBe(`${48 * 1024 * 1024} true`);
    await sender.done;
    await until(async () => (await counters())['open'] === 0);
  });

  it('takes no more from a client than the container takes', async () => {
    await publish('8080:80');
    const flood = await client('flood', '192.0.2.1', 8080);

    await flood.line(/^blocked$/);
    const { bytesIn, open } = await counters();

    expect(bytesIn).toBeLessThan(64 * 1024 * 1024);
    expect(open).toBe(1);
    await end(flood);
    await until(async () => (await counters())['open'] === 0);
  });

  it('lets clients beyond the limit wait until one goes', async () => {
    await publish('8080:80');
    const clients = await Promise.all(
      [1, 2, 3, 4, 5, 6].map(() => client('stay', '192.0.2.1', 8080))
    );
    await Promise.all(clients.map((one) => one.line(/^answer hi/)));

    const late = await client('stay', '192.0.2.1', 8080);
    await late.line(/^connected$/);
    expect(await counters()).toMatchObject({ open: 6, accepted: 6 });
    await end(clients[0]!);

    await late.line(/^answer hi/);
    await Promise.all([...clients.slice(1), late].map(end));
  });

  it('forgets a client of UDP that is silent', async () => {
    await publish('8080:80/udp');
    const to = { netns: WORLD, protocol: 'udp', address: '192.0.2.1', port: 8080 } as const;
    await Promise.all(
      ['a', 'b'].map(async (text) =>
        expect(await ask(user.host, to, text)).toMatchObject({ stdout: `${text}\n` })
      )
    );

    await until(async () => (await counters())['open'] === 0);
    expect(await counters()).toMatchObject({ accepted: 2, dropped: 0 });
  });

  it('is one of a range as it is alone', async () => {
    await told('serve', { at: 'ctr', protocol: 'tcp', port: 6099, address: '10.90.0.5' });
    const before = await told('descriptors');
    await publish('8000-8099:6000-6099', '8000-8099:6000-6099/udp');

    const to = { netns: WORLD, protocol: 'tcp', address: '192.0.2.1', port: 8099 } as const;
    expect(await ask(user.host, to, 'hello')).toMatchObject({ stdout: 'hello\n' });
    expect((await listeners()).split('\n')).toHaveLength(400);

    await told('withdraw', web);
    expect(await listeners()).toBe('');
    expect(await told('descriptors')).toBe(before);
  });

  it('may be left to choose', async () => {
    const [chosen] = await publish('80/udp');

    const to = {
      netns: WORLD,
      protocol: 'udp',
      address: '192.0.2.1',
      port: chosen!.hostPort
    } as const;
    expect(await ask(user.host, to, 'hello')).toMatchObject({ stdout: 'hello\n' });
  });

  it.each([
    ['8080:80', 'port.inUse', /^host port 8080\/tcp is in use by another process/],
    ['80:80', 'port.EACCES', /sysctl net\.ipv4\.ip_unprivileged_port_start=80 allows it/],
    ['8081:80/sctp', 'port.notForwarded', /protocol sctp can't be forwarded without root/],
    ['198.51.100.7:8081:80', 'port.badAddress', /198\.51\.100\.7 is not an address of this host/],
    ['20000-25000:20000-25000', 'port.tooMany', /^5002 forwarded ports .*limit is 4096$/]
  ])('refuses %s with %s, and opens none', async (port, code, message) => {
    const holder = await user.host.start([
      ...[process.execPath, `${FIXTURES}/../sandbox/echo-server.mjs`, 'tcp', '8080']
    ]);
    await holder.line(/^listening$/);

    const refusal = await forwarder.answered('publish', { ...web, ports: ['8083:80', port] });

    expect(refusal).toMatchObject({ code, message: expect.stringMatching(message) });
    expect(await listeners()).not.toContain(':8083');
    await end(holder);
  });

  it('is aimed at no netns but the one that was meant, and stays where it was', async () => {
    await publish('8080:80');

    expect(await forwarder.answered('replaced', { ...web, at: 'shared' })).toMatchObject({
      code: 'netns.replaced'
    });
    expect(await forwarder.answered('aim', { ...toWeb, addresses: ['127.0.0.1'] })).toMatchObject({
      code: 'forward.badTarget'
    });
    const to = { netns: WORLD, protocol: 'tcp', address: '192.0.2.1', port: 8080 } as const;
    expect(await ask(user.host, to, 'hello')).toMatchObject({ stdout: 'hello\n' });
  });

  it('goes on with the same listener when the thread is lost', async () => {
    await publish('8080:80');
    const before = await listeners();
    expect(await told('spoilWayHome')).toBe(1);
    const to = { netns: WORLD, protocol: 'tcp', address: '192.0.2.1', port: 8080 } as const;
    await ask(user.host, to, 'x');

    expect(await ask(user.host, to, 'hello')).toMatchObject({ stdout: 'hello\n' });
    expect(await told('troubles')).toEqual(['forward.threadLost']);
    expect(await listeners()).toBe(before);
  });
});

describe('the forwarder', () => {
  it('ends with everything that it had open', async () => {
    await publish('8080:80/tcp,udp');
    const staying = await client('stay', '192.0.2.1', 8080);
    await staying.line(/^answer hi/);
    await told('endServers');

    await told('close');

    expect(await forwarder.process.done).toMatchObject({ code: 0, stderr: '' });
    await staying.line(/^(error ECONNRESET|ended)$/);
    await end(staying);
    expect(await listeners()).toBe('');
  });
});
