import { closeSync, constants, linkSync, mkdirSync, writeSync } from 'node:fs';
import { journalExists, type Key } from '../store.ts';
import { codeOf, openFile, openIfPresent, unlinkIfPresent, writeFailure } from './files.ts';
import { partsOf } from './history.ts';
import type { Layout } from './layout.ts';

/**
 * Puts the journal of a life that was recorded elsewhere where it can be read, apart from
 * `history/`: who follows what happens here must not be told of it as if it just had.
 *
 * @throws MooringError `journal.exists`, `store.full`, `store.failed`, and nothing is written
 */
export function adoptJournal(layout: Layout, key: Key, lines: readonly Buffer[]): void {
  const path = layout.importedOf(key);
  const draft = `${path}.${process.pid}`;
  if (isPresent(layout.journalOf(key)) || partsOf(layout, key).length > 0) throw journalExists(key);
  try {
    mkdirSync(layout.imported, { recursive: true, mode: 0o700 });
    writeLines(draft, lines);
    linkSync(draft, path);
  } catch (error) {
    if (codeOf(error) === 'EEXIST') throw journalExists(key);
    throw writeFailure(error, path);
  } finally {
    unlinkIfPresent(draft);
  }
}

function writeLines(path: string, lines: readonly Buffer[]): void {
  const { fd } = openFile(path, constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC);
  try {
    for (const line of lines) {
      for (let rest = Buffer.concat([line, NEWLINE]); rest.length > 0;) {
        rest = rest.subarray(writeSync(fd, rest));
      }
    }
  } finally {
    closeSync(fd);
  }
}

const NEWLINE = Buffer.from('\n');

function isPresent(path: string): boolean {
  const file = openIfPresent(path);
  if (file !== undefined) closeSync(file.fd);
  return file !== undefined;
}
