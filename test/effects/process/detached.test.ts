import { existsSync, readFileSync } from 'node:fs';
import { expect, it, vi } from 'vitest';
import { reapDetached, startDetached } from '../../../src/effects/process/detached.ts';

const host = vi.hoisted(() => ({ isOld: false }));
vi.mock('../../../src/syscalls/spawn.ts', async (original) => {
  const actual = await original<typeof import('../../../src/syscalls/spawn.ts')>();
  return {
    ...actual,
    spawnProgram: (program: Parameters<typeof actual.spawnProgram>[0]) => {
      if (!host.isOld) return actual.spawnProgram(program);
      throw new Error('Cannot find "posix_spawn_file_actions_addchdir_np" function');
    }
  };
});

const program = { file: '/bin/sleep', argv: ['kept', 'infinity'], env: ['MARK=/srv:a=b'] } as const;

it.each([
  ['as libc does', false],
  ['as Node does, with a libc that can’t start one in another directory', true]
])('leaves a program running that shall live on, started %s', async (_, isOld) => {
  host.isOld = isOld;
  const pid = await startDetached(program);
  const told = (name: string) => readFileSync(`/proc/${pid}/${name}`, 'utf8');
  // The kernel lets whoever asked go on a little before it says what runs.
  await vi.waitUntil(() => told('environ') !== '' && told('cmdline') !== '');
  const seen = ['environ', 'cmdline'].map(told);
  process.kill(pid, 'SIGKILL');

  expect(seen).toEqual(['MARK=/srv:a=b\0', 'kept\0infinity\0']);
  await vi.waitUntil(() => {
    reapDetached();
    return !existsSync(`/proc/${pid}`);
  });
});

it.each([false, true])(
  'says why a program can not be started, on an old host: %s',
  async (isOld) => {
    host.isOld = isOld;

    await expect(startDetached({ ...program, file: '/nowhere/plugin' })).rejects.toMatchObject({
      code: 'ENOENT'
    });
  }
);
