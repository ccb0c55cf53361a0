import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { tryFlock, unlock } from '../../src/syscalls/flock.ts';

let dir: string;
let file: string;
let fd: number;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'mooring-flock-'));
  file = join(dir, 'lock');
  writeFileSync(file, '');
  fd = openSync(file, 'r');
});

afterEach(() => {
  closeSync(fd);
  rmSync(dir, { recursive: true });
});

describe('tryFlock', () => {
  it('is refused while another process holds it, and served once that one was killed', async () => {
    const holder = await held('--exclusive');

    expect(tryFlock(fd, 'exclusive')).toBe(false);
    expect(tryFlock(fd, 'shared')).toBe(false);
    await holder.kill();
    expect(tryFlock(fd, 'exclusive')).toBe(true);
  });

  it('shares with those that share', async () => {
    const holder = await held('--shared');

    expect(tryFlock(fd, 'shared')).toBe(true);
    expect(tryFlock(fd, 'exclusive')).toBe(false);
    await holder.kill();
  });

  it('keeps two descriptions of one process apart, until one unlocks', () => {
    const other = openSync(file, 'r');

    expect(tryFlock(fd, 'exclusive')).toBe(true);
    expect(tryFlock(other, 'exclusive')).toBe(false);
    unlock(fd);
    expect(tryFlock(other, 'exclusive')).toBe(true);
    closeSync(other);
  });

  it('throws for a descriptor that is not open', () => {
    expect(() => tryFlock(-1, 'exclusive')).toThrow('flock: EBADF');
  });
});

// flock(1) keeps the lock to itself (--close) and says through its child that it has it.
async function held(mode: '--exclusive' | '--shared') {
  const child = spawn('flock', [mode, '--close', file, 'sh', '-c', 'echo held; exec cat'], {
    stdio: ['pipe', 'pipe', 'inherit']
  });
  await once(child.stdout, 'data');
  return {
    async kill() {
      child.kill('SIGKILL');
      await once(child, 'exit');
      child.stdin.end();
    }
  };
}
