import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { socketInodes } from '../../../src/effects/ports/holder.ts';
import type { PortMapping } from '../../../src/model/container.ts';
import { portsOverlap } from '../../../src/model/port-conflicts.ts';
import { useSandbox } from '../../sandbox/sandbox.ts';

const FIXTURE = fileURLToPath(new URL('./ports.fixture.mjs', import.meta.url));
const host = useSandbox();

async function seen<Seen>(name: string, as: readonly string[] = []): Promise<Seen> {
  await host.run(['ip', 'link', 'set', 'lo', 'up']);
  const { code, stdout, stderr } = await host.run([...as, process.execPath, FIXTURE, name]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return JSON.parse(stdout) as Seen;
}

const claimed = { ports: expect.any(Array) as unknown };
const failed = (code: string, message: string | RegExp) => ({
  refusal: {
    code,
    message: typeof message === 'string' ? message : (expect.stringMatching(message) as unknown)
  }
});

describe('claiming ports', () => {
  it('refuses what another container publishes, and replaces what its own had', async () => {
    expect(await seen('owners')).toMatchObject({
      first: claimed,
      again: claimed,
      wider: failed(
        'port.inUse',
        'host port 127.0.0.1:8070-8090/tcp is published by container web'
      ),
      other: claimed,
      replaced: claimed,
      freed: claimed,
      held: ['container/db', 'container/web'],
      left: [['container/db'], ['container/db']]
    });
  });

  it('refuses what a process has open, and names it', async () => {
    const { pid, ...facts } = await seen<{ pid: number }>('processes');
    const inUse = (port: string) =>
      failed('port.inUse', `host port ${port} is in use by another process: node (pid ${pid})`);

    expect(facts).toMatchObject({
      tcp: inUse('8080/tcp'),
      elsewhere: claimed,
      v6: inUse('8081/tcp'),
      v4: claimed,
      udp: inUse('8082/udp'),
      range: failed('port.inUse', 'host port 8070-8090/tcp is published by container b'),
      later: failed('port.inUse', 'host port 8080/tcp is published by container b')
    });
  });

  it('refuses an address that this host does not have', async () => {
    expect(await seen('addresses')).toMatchObject([
      failed('port.badAddress', /192\.0\.2\.1 is not an address of this host/),
      failed('port.badAddress', /2001:db8::1 is not an address of this host/)
    ]);
  });

  it('chooses ports that are free, in a row for a range, and no port twice', async () => {
    const { facts, entries } = await seen<{
      facts: readonly { ports: readonly PortMapping[] }[];
      entries: number;
    }>('random');

    const ports = facts.flatMap(({ ports }) => ports);
    expect(facts).toMatchObject([claimed, claimed]);
    expect(entries).toBe(7);
    expect(ports.every(({ hostPort }) => hostPort >= 1024)).toBe(true);
    expect(ports.map(({ range }) => range)).toEqual([1, 3, 1, 1, 1, 1, 10]);
    const clashes = ports.filter((a) => ports.some((b) => a !== b && portsOverlap(a, b)));
    expect(clashes).toEqual([]);
  });

  it('looks again when somebody else was quicker', async () => {
    expect(await seen('race')).toMatchObject([
      failed('port.inUse', 'host port 8080/tcp is published by container quick'),
      claimed
    ]);
  });

  it('says that a port needs permission', async () => {
    const nobody = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'];

    expect(await seen('unprivileged', nobody)).toMatchObject(
      failed('port.EACCES', 'host port 80/tcp: no permission to bind it')
    );
  });
});

describe('socketInodes', () => {
  it('reads listeners of one port only', () => {
    const line = (local: string, state: string, inode: number) =>
      `   0: ${local} 00000000:0000 ${state} 00000000:00000000 00:00000000 00000000     0        0 ${inode} 1`;
    const table = [
      'head',
      line('0100007F:1F90', '0A', 1),
      line('0100007F:1F90', '01', 2),
      line('0100007F:1F91', '0A', 3)
    ];

    expect(socketInodes(table.join('\n'), 8080, true)).toEqual(['1']);
    expect(socketInodes(table.join('\n'), 8080, false)).toEqual(['1', '2']);
  });
});
