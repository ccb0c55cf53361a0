import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { JournalRecord } from '../../../src/store/store.ts';
import { collect, commitOf, countIn, keyOf, seqsOf } from '../commits.ts';
import { commitAll, folder, opened } from './sandbox.ts';

const FIXTURE = fileURLToPath(new URL('worker.fixture.mjs', import.meta.url));
const web = keyOf('web');

function start(role: string, root: string, argument = ''): ChildProcess {
  const stdio = ['ignore', 'pipe', 'inherit'] as const;
  const child = spawn(process.execPath, [FIXTURE, role, root, argument], { stdio: [...stdio] });
  onTestFinished(() => void child.kill('SIGKILL'));
  return child;
}

async function firstLines(child: ChildProcess, count: number): Promise<string[]> {
  const lines: string[] = [];
  for await (const line of createInterface(child.stdout!)) {
    lines.push(line);
    if (lines.length === count) break;
  }
  return lines;
}

async function until(last: number, records: AsyncIterable<JournalRecord>, abort: AbortController) {
  const seqs: number[] = [];
  for await (const { seq } of records) {
    seqs.push(seq);
    if (seq === last) abort.abort();
  }
  return seqs;
}

describe('several processes', () => {
  it('lose no step of a counter that each adds to', { timeout: 60_000 }, async () => {
    const root = folder();
    const store = await opened({ root });
    const abort = new AbortController();
    const followed = until(1600, store.follow(abort.signal), abort);
    const exits = Array.from({ length: 8 }, () => once(start('count', root, '200'), 'exit'));
    for (const [code] of await Promise.all(exits)) expect(code).toBe(0);

    const records = await collect(store.journal(web));
    const expected = Array.from({ length: 1600 }, (_, index) => index + 1);
    expect(countIn(await store.load(web))).toBe(1600);
    expect(records.map(({ seq }) => seq)).toEqual(expected);
    const tokens = records.map(({ token }) => token);
    expect(tokens).toEqual([...new Set(tokens)].sort((a, b) => a - b));
    expect(await followed).toEqual(expected);
  });

  it('find all that a killed one was told is committed', { timeout: 120_000 }, async () => {
    const root = folder();
    const store = await opened({ root });
    let last = 0;
    for (let round = 0; round < 50; round += 1) {
      const child = start('hold', root);
      const told: number[] = [];
      const ended = once(child, 'close');
      child.stdout!.on('data', (chunk: Buffer) => {
        const lines = chunk.toString().trimEnd().split('\n');
        told.push(...lines.map(Number));
        if (told.length > round) child.kill('SIGKILL');
      });
      await ended;

      const lease = await store.tryAcquire(web);
      const found = countIn(await store.load(web)) as number;
      expect(lease).toBeDefined();
      expect(found).toBeGreaterThanOrEqual(told.at(-1)!);
      expect(found).toBeGreaterThan(last);
      last = found;
      await store.release(lease!);
    }
    expect(await seqsOf(store.journal(web))).toHaveLength(last);
  });

  it('wait no longer than asked for a frozen one, and name it', async () => {
    const root = folder();
    const store = await opened({ root });
    const child = start('freeze', root);
    await firstLines(child, 1);
    child.kill('SIGSTOP');

    await expect(store.acquire(web, { timeoutMs: 50 })).rejects.toThrow(
      new RegExp(`process ${child.pid} \\(.*worker.fixture.mjs freeze`)
    );
    await commitAll(store, keyOf('db'), [1]);

    const waiting = store.acquire(web, { timeoutMs: 10_000 });
    child.kill('SIGKILL');
    expect(await waiting).toBeDefined();
  });
});

describe('who only looks', () => {
  it('finds what was committed last, whoever has done it', async () => {
    const root = folder();
    const [ours, others] = [await opened({ root }), await opened({ root })];
    const look = async () => countIn(await ours.look!(web));
    expect(await look()).toBeUndefined();

    await commitAll(ours, web, [1, 2]);
    expect(await look()).toBe(2);
    expect(await ours.look!(web)).toEqual(await ours.load(web));

    await commitAll(others, web, [3]);
    expect(await look()).toBe(3);

    const lease = await ours.acquire(web, { timeoutMs: 5000 });
    expect(await look()).toBe(3);
    await ours.commit(lease, commitOf(4));
    expect(await look()).toBe(4);
    await ours.release(lease);
    expect(await look()).toBe(4);

    const last = await others.acquire(web, { timeoutMs: 5000 });
    await others.forget(last);
    expect(await look()).toBeUndefined();
    await commitAll(others, web, [5]);
    expect(await look()).toBe(5);
  });

  it('reads what a damaged file says, and not what it said', async () => {
    const root = folder();
    const store = await opened({ root });
    await commitAll(store, web, [1]);
    const journal = join(root, 'journal', 'container.web.jsonl');
    appendFileSync(journal, readFileSync(journal));

    await expect(store.look!(web)).rejects.toMatchObject({ code: 'store.corrupt' });
  });
});

describe('a full disk', () => {
  it.runIf(process.getuid!() === 0)('refuses a commit and keeps what was there', () => {
    const mounted = 'mount -t tmpfs -o size=256k,mode=700 none "$1" && exec "$2" "$3" fill "$1"';
    const script = ['--mount', 'sh', '-c', mounted, 'sh', folder(), process.execPath, FIXTURE];
    const seen = JSON.parse(execFileSync('unshare', script, { encoding: 'utf8' }));

    expect(seen).toMatchObject({ code: 'store.full', again: 'store.full' });
    expect(seen.acknowledged).toBeGreaterThan(10);
    expect(seen).toMatchObject({
      loaded: seen.acknowledged,
      records: seen.acknowledged,
      last: seen.acknowledged
    });
  });
});

describe('a user whose inotify instances are used up', () => {
  it.runIf(process.getuid!() === 0)('can still follow', () => {
    const limited = 'echo 0 > /proc/sys/user/max_inotify_instances && exec "$2" "$3" poll "$1"';
    const script = ['--user', '--map-root-user', 'sh', '-c', limited, 'sh'];
    const args = [...script, folder(), process.execPath, FIXTURE];
    const seen = execFileSync('unshare', args, { timeout: 15_000 });

    expect(seen.toString()).toBe('1\n2\n');
  });
});
