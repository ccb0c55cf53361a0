import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { afterAll, expect, it } from 'vitest';
import { writeInPlace } from '../../../src/effects/files/write-in-place.ts';

const dir = mkdtempSync(join(tmpdir(), 'mooring-write-'));
const path = join(dir, 'hosts');
afterAll(() => rmSync(dir, { recursive: true }));

const READER = `
const { readFileSync } = require('node:fs');
const { parentPort, workerData } = require('node:worker_threads');
let stop = false;
let empty = 0;
let reads = 0;
const read = () => {
  for (let i = 0; i < 100; i++, reads++) if (readFileSync(workerData, 'utf8').trim() === '') empty++;
  if (stop) parentPort.postMessage({ empty, reads });
  else setImmediate(read);
};
parentPort.on('message', () => { stop = true; parentPort.unref(); });
parentPort.postMessage('ready');
read();
`;

it('tells whether it changed anything, and ends where the new text ends', () => {
  const changes = ['long\nlonger\n', 'short\n', 'short\n', ''].map((text) => {
    const changed = writeInPlace(path, text);
    return [changed, readFileSync(path, 'utf8')];
  });

  expect(changes).toEqual([
    [true, 'long\nlonger\n'],
    [true, 'short\n'],
    [false, 'short\n'],
    [true, '']
  ]);
});

it('a reader never finds it empty', async () => {
  const texts = ['1.1.1.1 a\n', '1.1.1.1 a\n'.repeat(50)];
  writeInPlace(path, texts[0]!);
  const reader = new Worker(READER, { eval: true, workerData: path });
  await new Promise((resolve) => reader.once('message', resolve));
  for (let turn = 0; turn < 4000; turn++) writeInPlace(path, texts[turn % 2]!);
  const told = new Promise((resolve) => reader.once('message', resolve));
  reader.postMessage('stop');
  const seen = await told;
  await reader.terminate();

  expect(seen).toMatchObject({ empty: 0 });
});
