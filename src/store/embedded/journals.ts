import { closeSync } from 'node:fs';
import { setImmediate as turn } from 'node:timers/promises';
import { journalRecordOf } from '../record.ts';
import type { JournalRecord, Key, StoredRecord } from '../store.ts';
import { openIfPresent } from './files.ts';
import { allParts, partsOf } from './history.ts';
import type { Layout } from './layout.ts';
import { readTail, recordsOf } from './reader.ts';

/**
 * Records of an actor's life, or of its last one, the whole chain checked.
 *
 * The files are opened before the first record is given out, so what is written,
 * continued or put away meanwhile changes nothing.
 *
 * @throws MooringError `store.corrupt` naming file and line
 */
export async function* journalOf(layout: Layout, key: Key): AsyncGenerator<StoredRecord> {
  const files = openLife(layout, key);
  try {
    let last: StoredRecord | undefined;
    for (const { fd, path } of files) {
      for (const record of recordsOf(fd, path, key, last)) {
        last = record;
        yield record;
      }
    }
  } finally {
    for (const { fd } of files) closeSync(fd);
  }
}

/**
 * Records of what was put away: lives that have ended, and the earlier files of long ones.
 *
 * @throws MooringError `store.corrupt` naming file and line
 */
export async function* endedRecords(layout: Layout): AsyncGenerator<JournalRecord> {
  for (const { key, path } of allParts(layout)) {
    // Files are read in one go each, so that a long history gives others their turn.
    await turn();
    // One may have been dropped meanwhile, as the oldest are.
    const file = openIfPresent(path);
    if (file === undefined) continue;
    try {
      for (const record of recordsOf(file.fd, path, key, undefined)) yield journalRecordOf(record);
    } finally {
      closeSync(file.fd);
    }
  }
}

interface LifeFile {
  readonly fd: number;
  readonly path: string;
}

function openLife(layout: Layout, key: Key): readonly LifeFile[] {
  const files: LifeFile[] = [];
  try {
    const live = layout.journalOf(key);
    let wanted = collect(live, () => true);
    // The oldest of a long life may have been dropped: then it begins later, as `seq` says.
    for (const { path } of wanted === '' ? [] : partsOf(layout, key).toReversed()) {
      const sought = wanted;
      wanted = collect(path, (hash) => sought === undefined || hash === sought) ?? wanted;
      if (wanted === '') break;
    }
    if (files.length === 0) collect(layout.importedOf(key), () => true);
    return files;
  } catch (error) {
    for (const { fd } of files) closeSync(fd);
    throw error;
  }

  /** Takes a file that ends as wanted; answers how the one before it must end. */
  function collect(path: string, fits: (hash: string) => boolean): string | undefined {
    const file = openIfPresent(path);
    if (file === undefined) return undefined;
    let kept = false;
    try {
      const { record } = readTail(file.fd, path, key);
      kept = record !== undefined && fits(record.hash);
      if (!kept) return undefined;
      files.unshift({ fd: file.fd, path });
      const [first] = recordsOf(file.fd, path, key, undefined);
      return first?.prev;
    } finally {
      if (!kept) closeSync(file.fd);
    }
  }
}
