import {
  closeSync,
  constants,
  ftruncateSync,
  linkSync,
  lstatSync,
  renameSync,
  writeSync
} from 'node:fs';
import { encodeRecord, type StoredRecord } from '../record.ts';
import { keyText, type Commit, type Key } from '../store.ts';
import { full, openFile, unlinkIfPresent, writeFailure } from './files.ts';
import type { History } from './history.ts';
import type { Layout } from './layout.ts';
import { readTail } from './reader.ts';

/** What every record of a process carries, and where its files go. */
export interface Site {
  readonly layout: Layout;
  readonly history: History;
  readonly host: string;
  readonly boot: string;
  /** A journal larger than this is continued in a new file. */
  readonly rotateBytes: number;
  readonly now: () => number;
}

/** Reads and appends to one journal, for as long as one lease is held. */
export interface JournalWriter {
  /**
   * The last record; `undefined` where there is none. The file stays open for the next append.
   *
   * @throws MooringError `store.corrupt`
   */
  last(): StoredRecord | undefined;
  /** @throws MooringError `store.full`, `store.failed`, `store.corrupt`; then nothing is written */
  append(commit: Commit): void;
  /** Puts the journal among those of ended lives. */
  end(): void;
  close(): void;
}

export function journalWriter(site: Site, key: Key, token: number): JournalWriter {
  const { layout, history } = site;
  const path = layout.journalOf(key);
  let open: Journal | undefined;
  let parts = 0;

  return {
    last() {
      if (open) return readTail(open.fd, path, key).record;
      if (lstatSync(path, { throwIfNoEntry: false }) === undefined) return undefined;
      const { record, ...journal } = openJournal(path, key);
      open = journal;
      return record;
    },

    append(commit) {
      try {
        open ??= openJournal(path, key);
        const frame = { ...frameOf(open), time: site.now() };
        const { line, hash } = encodeRecord(frame, commit);
        if (open.size >= site.rotateBytes) open = continueIn(open, line);
        else appendTo(open, line, path);
        open = { fd: open.fd, size: open.size + line.length, seq: frame.seq, hash };
      } catch (error) {
        // What the file holds is uncertain now; the next append looks.
        close();
        throw writeFailure(error, path);
      }
    },

    end() {
      try {
        open ??= openJournal(path, key, { damaged: 'ignore' });
        if (open.size === 0) unlinkIfPresent(path);
        else {
          history.makeRoom(open.size);
          renameSync(path, nextPart());
        }
        unlinkIfPresent(layout.nextOf(key));
      } catch (error) {
        throw writeFailure(error, path);
      } finally {
        close();
      }
    },

    close
  };

  function frameOf({ seq, hash }: Journal) {
    const { host, boot } = site;
    return { seq: seq + 1, host, boot, key: keyText(key), token, prev: hash };
  }

  // Linked before it is replaced, so that at every instant the journal has its name.
  function continueIn(old: Journal, line: Buffer): Journal {
    const next = layout.nextOf(key);
    const { O_RDWR, O_CREAT, O_TRUNC, O_APPEND } = constants;
    history.makeRoom(old.size);
    const { fd } = openFile(next, O_RDWR | O_CREAT | O_TRUNC | O_APPEND);
    try {
      appendTo({ ...old, fd, size: 0 }, line, next);
      linkSync(path, nextPart());
      renameSync(next, path);
    } catch (error) {
      closeSync(fd);
      unlinkIfPresent(next);
      throw error;
    }
    closeSync(old.fd);
    return { ...old, fd, size: 0 };
  }

  function nextPart(): string {
    parts += 1;
    return layout.partOf(key, token, parts);
  }

  function close(): void {
    if (open !== undefined) closeSync(open.fd);
    open = undefined;
  }
}

interface Journal {
  readonly fd: number;
  /** Bytes of whole lines. */
  readonly size: number;
  /** Of the last record; 0 and `''` before the first. */
  readonly seq: number;
  readonly hash: string;
}

function openJournal(
  path: string,
  key: Key,
  options?: { damaged: 'ignore' }
): Journal & { readonly record?: StoredRecord | undefined } {
  const { fd, stat } = openFile(path, constants.O_RDWR | constants.O_CREAT | constants.O_APPEND);
  if (options?.damaged === 'ignore') return { fd, size: stat.size, seq: 0, hash: '' };
  try {
    const { record, end, size } = readTail(fd, path, key);
    if (size > end) ftruncateSync(fd, end);
    return { fd, size: end, seq: record?.seq ?? 0, hash: record?.hash ?? '', record };
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

function appendTo(journal: Journal, line: Buffer, path: string): void {
  let written: number;
  try {
    written = writeSync(journal.fd, line);
  } catch (error) {
    ftruncateSync(journal.fd, journal.size);
    throw error;
  }
  if (written === line.length) return;
  ftruncateSync(journal.fd, journal.size);
  throw full(path, `${written} of ${line.length} bytes were taken`);
}
