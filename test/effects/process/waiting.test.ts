import { mkdtempSync, readFileSync, rmSync, watch } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { nanoid } from 'nanoid';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Program } from '../../../src/effects/process/begin.ts';
import { statOf } from '../../../src/effects/process/proc.ts';
import { run, type ProcessCommand } from '../../../src/effects/process/run.ts';
import { startWaiting, type Waiting } from '../../../src/effects/process/waiting.ts';
import { survivorsOf } from './survivors.ts';

let operation: string;
let dir: string;

beforeEach(() => {
  operation = nanoid();
  dir = mkdtempSync(join(tmpdir(), 'mooring-waiting-'));
});

afterEach(() => {
  rmSync(dir, { recursive: true, force: true });
  expect(survivorsOf(operation)).toEqual([]);
});

/** Writes down its number, and then what it is told. */
const program = (file = '/bin/sh'): Program => ({
  file,
  args: ['-c', `echo $$ >${dir}/pid; echo $$; cat`],
  env: {},
  operation
});

const runOf = (waiting: Waiting, command: Partial<ProcessCommand> = {}) =>
  run({
    ...program(),
    stdin: 'told',
    timeoutMs: 60_000,
    graceMs: 20,
    signal: new AbortController().signal,
    waiting,
    ...command
  });

/** Its number, once it is up. */
async function numberOf(): Promise<number> {
  const read = (): string => {
    try {
      return readFileSync(join(dir, 'pid'), 'utf8');
    } catch {
      return '';
    }
  };
  const seen = changes();
  try {
    while (!read().endsWith('\n')) await seen.next();
    return Number(read());
  } finally {
    await seen.return();
  }
}

/** Until it has ended. */
async function end(pid: number): Promise<void> {
  while (statOf(pid)?.ended === false) await setImmediate();
}

/** At once, and at every change in the directory. */
async function* changes(): AsyncGenerator<void, void> {
  const watcher = watch(dir);
  try {
    let wake = (): void => undefined;
    watcher.on('change', () => wake());
    for (;;) {
      const changed = new Promise<void>((resolve) => (wake = resolve));
      yield;
      await changed;
    }
  } finally {
    watcher.close();
  }
}

describe('a program that was started before its turn', () => {
  it('is the one that is run, and gets its input then', async () => {
    const waiting = startWaiting(program());
    const pid = await numberOf();
    const { stdout, exitCode } = await runOf(waiting);

    expect(exitCode).toBe(0);
    expect(stdout).toBe(`${pid}\ntold`);
  });

  it('is ended with all that it started when it has no turn', async () => {
    const waiting = startWaiting({
      ...program(),
      args: ['-c', `sleep 1000 & echo $! >${dir}/pid; cat`]
    });
    const child = await numberOf();
    await waiting.discard();

    expect(statOf(child)?.ended ?? true).toBe(true);
  });

  it('is ended when nobody waited for it to come up', async () => {
    const waiting = startWaiting(program());
    await waiting.discard();
    await waiting.started;

    expect(await waiting.take()).toBeUndefined();
  });

  it('is started anew when it was killed meanwhile', async () => {
    const waiting = startWaiting(program());
    const pid = await numberOf();
    process.kill(pid, 'SIGKILL');
    await end(pid);
    const { stdout, exitCode } = await runOf(waiting);

    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^\d+\ntold$/);
    expect(stdout).not.toContain(`${pid}\n`);
  });

  it('is started anew when it ended by itself', async () => {
    const waiting = startWaiting({ ...program(), args: ['-c', `echo $$ >${dir}/pid; exit 3`] });
    await end(await numberOf());
    const { stdout, exitCode } = await runOf(waiting);

    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^\d+\ntold$/);
  });

  it('is ended when what it was started for is given up', async () => {
    const waiting = startWaiting(program());
    const pid = await numberOf();
    const { aborted } = await runOf(waiting, { signal: AbortSignal.abort() });

    expect(aborted).toBe(true);
    expect(statOf(pid)?.ended ?? true).toBe(true);
  });

  it('is killed with another run for the same request, and then started anew', async () => {
    const waiting = startWaiting(program());
    await numberOf();
    const stopped = await run({
      file: '/bin/sh',
      args: ['-c', 'sleep 1000'],
      env: {},
      operation,
      stdin: '',
      timeoutMs: 50,
      graceMs: 20,
      signal: new AbortController().signal
    });
    const { stdout, exitCode } = await runOf(waiting);

    expect(stopped.timedOut).toBe(true);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^\d+\ntold$/);
  });

  it('tells why it can not be started when it is its turn', async () => {
    const missing = join(dir, 'nothing');
    const waiting = startWaiting(program(missing));
    const { spawnError } = await runOf(waiting, { file: missing });

    expect(spawnError?.code).toBe('ENOENT');
  });
});

describe('what a run is told of its input', () => {
  it('that it has been taken to its end', async () => {
    const given: string[] = [];
    await runOf(startWaiting(program()), { onGiven: () => given.push('given') });

    expect(given).toEqual(['given']);
  });

  it('nothing when it was not taken', async () => {
    const given: string[] = [];
    const stdin = 'x'.repeat(1024 * 1024);
    await run({
      ...program(),
      args: ['-c', 'exec 0<&-; exit 0'],
      stdin,
      timeoutMs: 60_000,
      graceMs: 20,
      signal: new AbortController().signal,
      onGiven: () => given.push('given')
    });

    expect(given).toEqual([]);
  });
});
