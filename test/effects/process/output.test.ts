import { execFileSync } from 'node:child_process';
import { constants, mkdtempSync, openSync, rmSync } from 'node:fs';
import { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { collect, drained } from '../../../src/effects/process/output.ts';

/** What is read of a program that has ended, in no time at all, as if this process had been asleep. */
async function readAfterEnd(script: string) {
  const dir = mkdtempSync(join(tmpdir(), 'output-'));
  const pipe = join(dir, 'pipe');
  execFileSync('mkfifo', [pipe]);
  const fd = openSync(pipe, constants.O_RDONLY | constants.O_NONBLOCK);
  execFileSync('sh', ['-c', `exec >${pipe}; ${script}`], { stdio: 'ignore' });
  rmSync(dir, { recursive: true });
  const stream = new Socket({ fd, readable: true, writable: false });
  const output = collect(stream, 1024 * 1024, () => undefined);
  const draining = drained([output], 1);
  sleep(20);
  const isAlone = await draining;
  stream.destroy();
  return { isAlone, text: output.text() };
}

it('is read to its end though the time for it is up before', async () => {
  const { isAlone, text } = await readAfterEnd('printf answer');

  expect(text).toBe('answer');
  expect(isAlone).toBe(true);
});

it('is read as far as the program wrote it while another still holds its stream', async () => {
  const script = 'head -c 60000 /dev/zero | tr "\\0" x; sleep 1 & exit 0';

  const { isAlone, text } = await readAfterEnd(script);

  expect(text.length).toBe(60_000);
  expect(isAlone).toBe(false);
});

/** Keeps this process from doing anything, as a busy machine does. */
function sleep(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}
