import { existsSync, readFileSync } from 'node:fs';
import { nanoid } from 'nanoid';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { startDetached } from '../../../src/effects/process/detached.ts';
import { run, type ProcessCommand } from '../../../src/effects/process/run.ts';
import { survivorsOf } from './survivors.ts';

// As on a host whose libc can't start a program in another directory (glibc below 2.29).
vi.mock('../../../src/syscalls/spawn.ts', async (original) => ({
  ...(await original<object>()),
  spawnProgram: () => {
    throw new Error('Cannot find "posix_spawn_file_actions_addchdir_np" function');
  }
}));

let operation: string;
beforeEach(() => {
  operation = nanoid();
});
afterEach(() => {
  expect(survivorsOf(operation)).toEqual([]);
});

const sh = (script: string, command: Partial<ProcessCommand> = {}) =>
  run({
    file: '/bin/sh',
    args: ['-c', script],
    env: {},
    stdin: '',
    operation,
    timeoutMs: 60_000,
    graceMs: 60_000,
    signal: new AbortController().signal,
    ...command
  });

it('answers with status, output and signal', async () => {
  expect(await sh('pwd; cat; echo noise >&2; exit 3', { stdin: 'in' })).toMatchObject({
    exitCode: 3,
    signal: undefined,
    stdout: '/\nin',
    stderr: 'noise\n'
  });
  expect(await sh('kill -SEGV $$')).toMatchObject({ exitCode: undefined, signal: 'SIGSEGV' });
});

it('says why a program can not be started', async () => {
  const exit = await sh('', { file: '/nowhere/plugin' });

  expect(exit.spawnError).toMatchObject({ code: 'ENOENT' });
});

it('waits for nobody who holds the output, and ends a program in time', async () => {
  expect(await sh('sleep 1000 & echo done')).toMatchObject({ exitCode: 0, stdout: 'done\n' });
  expect(await sh('sleep 1000', { timeoutMs: 1 })).toMatchObject({ timedOut: true });
});

it('leaves a program running that shall live on', async () => {
  const pid = await startDetached({
    file: '/bin/sleep',
    argv: ['kept', 'infinity'],
    env: ['MOORING_PORTS=/srv:a=b'],
    fds: []
  });
  const seen = [`/proc/${pid}/environ`, `/proc/${pid}/cmdline`].map((file) =>
    readFileSync(file, 'utf8')
  );
  process.kill(pid, 'SIGKILL');

  expect(seen).toEqual(['MOORING_PORTS=/srv:a=b\0', 'kept\0infinity\0']);
  await vi.waitUntil(() => !existsSync(`/proc/${pid}`));
});
