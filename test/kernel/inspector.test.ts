import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Examination } from '../../src/model/examination.ts';
import type { Leak } from '../../src/inspector/model/leaks.ts';
import type { Topology } from '../../src/inspector/model/topology.ts';
import type { Sent } from '../../src/inspector/server/host.ts';
import type { Background } from '../sandbox/background.ts';
import { MOORING, useSandbox } from '../sandbox/sandbox.ts';
import { hostOf, netnsOf } from './host.fixture.ts';

const sandbox = useSandbox();
const host = hostOf(sandbox);

interface Answer<Value> {
  readonly status: number;
  readonly body: Value;
}

interface Refused {
  readonly error: { readonly code: string; readonly message: string };
}

interface Inspecting {
  get<Value>(path: string): Promise<Value>;
  send<Value>(body: object): Promise<Answer<Value>>;
  end(): Promise<void>;
}

// From inside, as the loopback that it listens on is the sandbox's own.
const ASK = `const [url, token, body] = process.argv.slice(1);
const headers = { authorization: 'Bearer ' + token, 'content-type': 'application/json' };
const response = await fetch(url, body === undefined ? { headers } : { method: 'POST', headers, body });
console.log(JSON.stringify({ status: response.status, body: await response.json() }));`;

async function ask<Value>(url: string, token: string, body?: object): Promise<Answer<Value>> {
  const given = body === undefined ? [] : [JSON.stringify(body)];
  const argv = [process.execPath, '--input-type=module', '-e', ASK, url, token, ...given];
  const { stdout, stderr } = await sandbox.run(argv);
  expect(stderr).toBe('');
  return JSON.parse(stdout) as Answer<Value>;
}

async function inspector(...options: readonly string[]): Promise<Inspecting> {
  const argv = [process.execPath, MOORING, 'inspector', '--format', 'json', ...options];
  const running: Background = await sandbox.start(argv);
  const address = JSON.parse(await running.line(/^\{/)) as { url: string; code: string };
  const { body } = await ask<{ token: string }>(`${address.url}api/session`, 'none', {
    code: address.code
  });
  return {
    get: async (path) => (await ask<never>(`${address.url}api/${path}`, body.token)).body,
    send: (command) => ask(`${address.url}api/send`, body.token, command),
    async end() {
      await running.kill('SIGINT');
      expect(await running.done).toMatchObject({ code: 0 });
    }
  };
}

const journal = () => host.ok('journal', 'export', 'web');
const names = async () => Object.keys(await host.links('web')).sort();

beforeAll(async () => {
  for (const [network, part] of [
    ['front', 71],
    ['back', 72]
  ] as const) {
    const subnet = `10.50.${part}.0/24`;
    await host.ok('network', 'create', '--disable-dns', network, '--subnet', subnet);
  }
  await host.ok('up', 'web', '--network', 'front', '--network', 'back');
});

afterAll(() => host.ok('down', '--all'));

describe('an inspector that may send', () => {
  let inspecting: Inspecting;

  beforeAll(async () => {
    inspecting = await inspector('--allow-send');
    return () => inspecting.end();
  });

  const disconnect = { container: 'web', command: 'disconnect', options: { network: 'back' } };

  it.each([
    ['is not confirmed', disconnect],
    ['is confirmed by another name', { ...disconnect, confirm: 'wep' }]
  ])('changes nothing by a command that %s', async (_, body) => {
    const before = [await journal(), await names()];

    const { status, body: answer } = await inspecting.send<Refused>(body);

    expect([status, answer.error.code]).toEqual([400, 'inspector.badRequest']);
    expect([await journal(), await names()]).toEqual(before);
  });

  it('changes the kernel by one that is, and the journal says where it came from', async () => {
    expect(await names()).toEqual(['eth0', 'eth1', 'lo']);

    const { body: sent } = await inspecting.send<Sent>({ ...disconnect, confirm: 'web' });

    expect(sent).toMatchObject({ taken: true, state: 'up' });
    expect(await names()).toEqual(['eth0', 'lo']);
    const records = (await journal()).split('\n').map((line) => JSON.parse(line) as object);
    expect(records).toContainEqual(
      expect.objectContaining({
        event: expect.objectContaining({ type: 'container.disconnect', network: 'back' }),
        causation: sent.correlation,
        correlation: expect.stringMatching(/^inspector-/)
      })
    );
  });

  it('checks what it is given as the command line does', async () => {
    const before = [await journal(), await names()];
    const connect = { container: 'web', confirm: 'web', command: 'connect' };

    for (const [name, code] of [
      ['nowhere', 'network.notFound'],
      ['../front', 'network.badName']
    ]) {
      const { status, body } = await inspecting.send<Refused>({ ...connect, options: { name } });
      expect([status >= 400, body.error.code]).toEqual([true, code]);
    }
    expect([await journal(), await names()]).toEqual(before);
  });

  it('takes a container down, and nothing is left', async () => {
    const down = { container: 'web', confirm: 'web', command: 'down', options: {} };

    const { body: sent } = await inspecting.send<Sent>(down);

    expect(sent.taken).toBe(true);
    expect(await host.sh(`test ! -e ${netnsOf('web')}; ip -o link show type bridge`)).toBe('');
    const { removed } = JSON.parse(await host.ok('gc', '--dry-run', '--format', 'json')) as {
      removed: unknown[];
    };
    expect(removed).toEqual([]);
    await host.ok('up', 'web', '--network', 'front', '--network', 'back');
  });
});

describe('an inspector that only looks', () => {
  let inspecting: Inspecting;

  beforeAll(async () => {
    inspecting = await inspector();
    return () => inspecting.end();
  });

  it('sends nothing', async () => {
    const before = [await journal(), await names()];
    const down = { container: 'web', confirm: 'web', command: 'down', options: {} };

    const { status, body } = await inspecting.send<Refused>(down);

    expect([status, body.error.code]).toEqual([403, 'inspector.readOnly']);
    expect([await journal(), await names()]).toEqual(before);
  });

  it('shows what the kernel has, and marks what it lacks', async () => {
    await host.sh(`nsenter --net=${netnsOf('web')} ip link del eth1`);

    const topology = await inspecting.get<Topology>('topology');
    const { drifts } = await inspecting.get<Examination>('examine?container=web');

    const [web] = topology.containers;
    expect(web!.interfaces.map(({ name, observed }) => [name, observed])).toEqual([
      ['eth0', true],
      ['eth1', false]
    ]);
    expect(topology.bridges.flatMap(({ networks }) => networks).sort()).toEqual(['back', 'front']);
    expect(drifts).toContainEqual(expect.objectContaining({ network: 'back' }));
  });

  it('names what is left over, and the step that made it', async () => {
    await host.ok('up', 'gone', '--network', 'front');
    const lease = await host.sh('grep -l ^gone /var/lib/cni/networks/front/10.*');
    await host.sh(`cp -p ${lease} /run/lease; cp -r /var/lib/mooring/cni /run/cni`);
    await host.ok('down', 'gone');
    await host.sh(`cp -p /run/lease ${lease}; cp -r /run/cni /var/lib/mooring`);

    const leaks = await inspecting.get<readonly Leak[]>('leaks');

    expect(leaks).toContainEqual(
      expect.objectContaining({
        kind: 'lease',
        object: expect.stringContaining(lease.split('/').at(-1)!),
        step: expect.objectContaining({ key: 'container/gone', request: 'cni.add' })
      })
    );
    await host.ok('gc');
  });
});
