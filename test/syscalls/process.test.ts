import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { pidfdOpen, pidfdSendSignal } from '../../src/syscalls/pidfd.ts';
import { processIdentity } from '../../src/syscalls/process-identity.ts';

let child: ChildProcess;

beforeEach(async () => {
  child = spawn('cat', { argv0: 'a) S 1 (b', stdio: ['pipe', 'ignore', 'inherit'] });
  await once(child, 'spawn');
});

afterEach(() => child.stdin!.end());

describe('a pidfd', () => {
  it('ends its process, and then reports that it is gone', async () => {
    const pidfd = pidfdOpen(child.pid!);

    pidfdSendSignal(pidfd, 0);
    pidfdSendSignal(pidfd, 'SIGKILL');
    expect(await once(child, 'exit')).toEqual([null, 'SIGKILL']);
    expect(() => pidfdSendSignal(pidfd, 0)).toThrow('ESRCH');
    closeSync(pidfd);
  });

  it('is not to be had of a process that is gone', async () => {
    child.kill('SIGKILL');
    await once(child, 'exit');

    expect(() => pidfdOpen(child.pid!)).toThrow('ESRCH');
  });
});

describe('processIdentity', () => {
  it('stays while the process lives, and differs from that of another', () => {
    const identity = processIdentity(child.pid!);

    expect(identity).toEqual(processIdentity(child.pid!));
    expect(identity).toEqual({ pid: child.pid, startTicks: expect.stringMatching(/^\d+$/) });
    expect(identity?.startTicks).not.toBe(processIdentity(process.pid)?.startTicks);
  });

  it('is nobody once the process has ended', async () => {
    child.kill('SIGKILL');
    await once(child, 'exit');

    expect(processIdentity(child.pid!)).toBeUndefined();
  });
});
