import { describe, expect, it } from 'vitest';
import type { EngineEvent, JournalRecord, Mooring } from '../../src/index.ts';
import type { Interrupt } from '../../src/cli/deps.ts';
import { iterate, mooring, recordOf } from './fake-deps.ts';

const down = recordOf({ type: 'container.down', container: 'web' }, 'container/web');
const failed = recordOf(
  {
    type: 'attachment.addFailed',
    container: 'web',
    network: 'front',
    failure: { code: 'cni.11', message: 'busy' }
  },
  'container/web'
);
const tidied = recordOf({ type: 'network.tidied', network: 'front' }, 'network/front');
const held = recordOf({ type: 'namespace.hold', namespace: 'ns', holder: 'web' }, 'namespace/ns');
const records = [down, failed, tidied, held];

describe('events --raw', () => {
  const events: Mooring['events'] = () => iterate(records);

  it('prints a line for each', async () => {
    const ran = await mooring(['events', '--raw'], { events });

    expect(ran).toMatchObject({ code: 0, err: '' });
    expect(ran.out.trimEnd().split('\n')).toEqual([
      '1970-01-01T00:00:00.000Z container/web container.down',
      '1970-01-01T00:00:00.000Z container/web attachment.addFailed front busy',
      '1970-01-01T00:00:00.000Z network/front network.tidied',
      '1970-01-01T00:00:00.000Z namespace/ns namespace.hold web'
    ]);
  });

  it.each<[readonly string[], readonly JournalRecord[]]>([
    [['container=web'], [down, failed, held]],
    [['network=front'], [failed, tidied]],
    [
      ['type=container.down', 'type=network.tidied'],
      [down, tidied]
    ],
    [['container=web', 'network=front'], [failed]],
    [['container=we'], []]
  ])('prints as JSON those that match %j', async (filters, matching) => {
    const options = filters.flatMap((filter) => ['--filter', filter]);

    const ran = await mooring(['events', '--raw', '--format', 'json', ...options], { events });

    const lines = ran.out.split('\n').filter((line) => line !== '');
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual(matching);
  });

  it.each([
    ['containr=web', 'invalid filter "containr", it must be container, network or type'],
    ['web', 'invalid filter "web", it must be key=value']
  ])('refuses the filter %s', async (filter, message) => {
    const ran = await mooring(['events', '--raw', '--filter', filter], { events });

    expect(ran).toMatchObject({ code: 125, err: `Error: ${message}\n`, opened: [] });
  });

  it.each(['SIGINT', 'SIGTERM', 'EPIPE'] as const)('follows until %s', async (cause) => {
    const interrupts = new Set<(cause: Interrupt) => void>();
    const follow: Mooring['events'] = async function* (options) {
      expect(options.follow).toBe(true);
      yield down;
      interrupts.forEach((interrupt) => interrupt(cause));
      await Promise.resolve();
      throw options.signal?.reason;
    };

    const ran = await mooring(['events', '--raw', '--follow'], { events: follow }, { interrupts });

    expect(ran).toMatchObject({ code: 0, err: '', closed: true });
    expect(ran.out).toContain('container.down');
  });

  it('passes on a failure that is no interrupt', async () => {
    // eslint-disable-next-line require-yield -- it fails before its first record
    const broken: Mooring['events'] = async function* () {
      await Promise.resolve();
      throw new TypeError('x is not a function');
    };

    const ran = await mooring(['events', '--raw'], { events: broken });

    expect(ran).toMatchObject({ code: 125, err: 'Error: internal: x is not a function\n' });
  });
});

describe('events', () => {
  const connected = engineEvent('network', 'connect', 'front');
  const removed = engineEvent('network', 'destroy', 'front', 'remove');
  const failedUp = engineEvent('container', 'failed');
  const engineEvents: Mooring['engineEvents'] = () => iterate([connected, removed, failedUp]);

  it("prints podman's lines", async () => {
    const ran = await mooring(['events'], { engineEvents });

    expect(ran).toMatchObject({ code: 0, err: '' });
    expect(ran.out.split('\n')[0]).toBe(
      '1970-01-01 00:00:00.000 +0000 UTC network connect web (container=web, name=front)'
    );
  });

  it.each<[readonly string[], readonly EngineEvent[]]>([
    [['type=network'], [connected, removed]],
    [['network=front'], [connected, removed]],
    [['container=web'], [connected, failedUp]],
    [['event=destroy'], [removed]],
    [['event=remove'], [removed]],
    [
      ['event=failed', 'event=connect'],
      [connected, failedUp]
    ],
    [['container=web', 'type=network'], [connected]]
  ])('prints as JSON those that match %j', async (filters, matching) => {
    const options = filters.flatMap((filter) => ['--filter', filter]);

    const ran = await mooring(['events', '--format', 'json', ...options], { engineEvents });

    const lines = ran.out.split('\n').filter((line) => line !== '');
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual(matching);
  });

  it('refuses an unknown filter', async () => {
    const ran = await mooring(['events', '--filter', 'image=x'], { engineEvents });

    expect(ran).toMatchObject({
      code: 125,
      err: 'Error: invalid filter "image", it must be container, network, type or event\n'
    });
  });
});

function engineEvent(
  Type: EngineEvent['Type'],
  Action: EngineEvent['Action'],
  network?: string,
  Status: string = Action
): EngineEvent {
  const isConnection = Action === 'connect';
  const ID = Type === 'container' || isConnection ? 'web' : 'f'.repeat(64);
  return {
    Type,
    Action,
    Actor: {
      ID: network === undefined ? 'web' : 'f'.repeat(64),
      Attributes: {
        ...(isConnection && { container: 'web' }),
        name: network ?? 'web',
        ...(network !== undefined && { type: 'bridge' })
      }
    },
    scope: 'local',
    time: 0,
    timeNano: 0,
    ID,
    Name: 'web',
    ...(network !== undefined && { network }),
    Status,
    Time: '1970-01-01T00:00:00.000Z'
  };
}

describe('events --all-hosts', () => {
  const onA = { ...engineEvent('network', 'connect', 'front'), Host: 'a' };
  const onB = { ...engineEvent('container', 'up'), Host: 'b' };
  const hosts = {
    events: () =>
      iterate([
        { ...records[0]!, host: 'a' },
        { ...records[0]!, host: 'b' }
      ]),
    engineEvents: () => iterate([onA, onB])
  } as unknown as Mooring['hosts'];
  const lines = async (...options: readonly string[]) => {
    const ran = await mooring(['events', '--all-hosts', ...options], { hosts });
    expect(ran).toMatchObject({ code: 0, err: '' });
    return ran.out.trimEnd().split('\n');
  };

  it("prints podman's lines with the host before each", async () => {
    expect(await lines()).toEqual([
      expect.stringMatching(/^a 1970-01-01 .* network connect web /),
      expect.stringMatching(/^b 1970-01-01 .* container up web /)
    ]);
  });

  it('prints those of a host, and as JSON', async () => {
    const [line, ...more] = await lines('--filter', 'host=b', '--format', 'json');

    expect(more).toEqual([]);
    expect(JSON.parse(line!)).toEqual(onB);
  });

  it('prints the records of a host', async () => {
    const [line, ...more] = await lines('--raw', '--filter', 'host=b');

    expect(more).toEqual([]);
    expect(line).toMatch(/^b \d{4}-/);
  });

  it('has the filter by host of its own', async () => {
    const ran = await mooring(['events', '--filter', 'host=b'], {
      engineEvents: () => iterate([])
    });

    expect(ran).toMatchObject({
      code: 125,
      err: expect.stringMatching(/invalid filter "host"/) as string
    });
  });
});
