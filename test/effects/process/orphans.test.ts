import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nanoid } from 'nanoid';
import { afterEach, describe, expect, it } from 'vitest';
import { settleOrphans } from '../../../src/effects/process/orphans.ts';
import { survivorsOf } from './survivors.ts';

const started: ChildProcess[] = [];

afterEach(() => started.splice(0).forEach((child) => child.kill('SIGKILL')));

/** Starts a script as the previous owner would have, and waits for its first line. */
async function orphan(operation: string, script: string): Promise<ChildProcess> {
  const child = spawn('/bin/sh', ['-c', script], {
    detached: true,
    env: { PATH: process.env['PATH'], MOORING_OPERATION: operation },
    stdio: ['pipe', 'pipe', 'ignore']
  });
  started.push(child);
  await once(child.stdout, 'data');
  return child;
}

describe('settling by killing', () => {
  it('ends every process of the operation, whatever session it is in', async () => {
    const operation = nanoid();
    await orphan(operation, 'trap "" TERM; setsid sleep 1000 & sleep 1000 & echo; wait');

    await settleOrphans(operation, { mode: 'kill' });

    expect(survivorsOf(operation)).toEqual([]);
  });

  it('ends those of its session that have dropped their environment', async () => {
    const operation = nanoid();
    const child = await orphan(operation, 'env -i sleep 1000 & echo $!; wait');
    const alive = `ps -o stat= -s ${child.pid} | grep -cv Z`;

    await settleOrphans(operation, { mode: 'kill' });

    const ps = spawn('/bin/sh', ['-c', alive]);
    const [count] = (await once(ps.stdout, 'data')) as [Buffer];
    expect(String(count).trim()).toBe('0');
  });

  it('leaves an operation alone whose id only begins alike', async () => {
    const operation = nanoid();
    const other = `${operation}x`;
    await orphan(other, 'echo; read -r _');

    await settleOrphans(operation, { mode: 'kill' });

    expect(survivorsOf(other)).toHaveLength(1);
  });

  it('never counts this process', async () => {
    process.env['MOORING_OPERATION'] = 'ours-and-not-an-orphan';

    await settleOrphans('ours-and-not-an-orphan', { mode: 'kill' });

    delete process.env['MOORING_OPERATION'];
  });

  it('finds one that is turning into another program at that moment', async () => {
    const operation = nanoid();
    const script = join(tmpdir(), `mooring-exec-${operation}.sh`);
    writeFileSync(script, '#!/bin/sh\n[ "$1" ] || echo\nexec /bin/sh "$0" again\n', {
      mode: 0o755
    });
    await orphan(operation, `exec ${script}`);

    await settleOrphans(operation, { mode: 'kill' });

    rmSync(script);
    expect(survivorsOf(operation)).toEqual([]);
  });

  it('has nothing to do when nothing is left', async () => {
    await expect(settleOrphans(nanoid(), { mode: 'kill' })).resolves.toBeUndefined();
  });
});

describe('settling by waiting', () => {
  it('lets them come to their end', async () => {
    const operation = nanoid();
    const child = await orphan(operation, 'echo; read -r _; exit 7');
    const end = once(child, 'exit');
    const settled = settleOrphans(operation, { mode: 'wait', timeoutMs: 60_000 });
    child.stdin!.end('\n');
    await settled;

    expect(await end).toEqual([7, null]);
  });

  it('kills them in the end', async () => {
    const operation = nanoid();
    const child = await orphan(operation, 'echo; exec sleep 1000');
    const end = once(child, 'exit');
    await settleOrphans(operation, { mode: 'wait', timeoutMs: 10 });

    expect(await end).toEqual([null, 'SIGKILL']);
  });

  it('stops waiting when it is told to', async () => {
    const operation = nanoid();
    await orphan(operation, 'echo; read -r _');
    const signal = AbortSignal.abort(new Error('lease lost'));

    await expect(
      settleOrphans(operation, { mode: 'wait', timeoutMs: 60_000, signal })
    ).rejects.toThrow('lease lost');
    expect(survivorsOf(operation)).toHaveLength(1);
  });
});
