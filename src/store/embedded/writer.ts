import {
  closeSync,
  constants,
  ftruncateSync,
  linkSync,
  lstatSync,
  renameSync,
  writeSync
} from 'node:fs';
import { encodeRecord } from '../record.ts';
import {
  keyText,
  type Commit,
  type Key,
  type Known,
  type StoredActor,
  type StoredRecord
} from '../store.ts';
import { full, openFile, unlinkIfPresent, writeFailure } from './files.ts';
import type { History } from './history.ts';
import type { Layout } from './layout.ts';
import { linesFrom, readTail } from './reader.ts';

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

/** Reads and appends to one journal, under one lease after the other. */
export interface JournalWriter {
  /** A lease on its actor was taken: others may have written since the last one. */
  begin(token: number): void;
  /** Whether its file is open, and so exists. */
  isOpen(): boolean;
  /** Whether `known` is its last record still. */
  endsIn(known: Known): boolean;
  /** Where its actor rests, as it was appended, if that is still its last record; not to be changed. */
  standing(): StoredActor | undefined;
  /**
   * The last record; `undefined` where there is none. The file stays open for the next append.
   *
   * @throws MooringError `store.corrupt`
   */
  last(): StoredRecord | undefined;
  /**
   * @returns the time of the record
   * @throws MooringError `store.full`, `store.failed`, `store.corrupt`; then nothing is written
   */
  append(commit: Commit): number;
  /** The line that a commit makes, for who has to keep it elsewhere before it is written here. */
  prepare(commit: Commit): JournalLine;
  /** Appends a line; one that does not follow from the last begins a new file, and the old one is put away. */
  write(line: JournalLine): void;
  /** Whole lines of the file that is written to, the oldest first, as they stand there. */
  lines(): readonly string[];
  /** Puts the journal among those of ended lives. */
  end(): void;
  close(): void;
}

/** A line of a journal, and what the next one needs to know of it. */
export interface JournalLine {
  /** Its newline included. */
  readonly line: Buffer;
  readonly hash: string;
  readonly seq: number;
  /** Milliseconds since the epoch. */
  readonly time: number;
  /** Of the lease it was made under. */
  readonly token: number;
  /** Hash of the line before, `''` for the first of a life. */
  readonly prev: string;
}

export function journalWriter(site: Site, key: Key): JournalWriter {
  const { layout, history } = site;
  const [path, text] = [layout.journalOf(key), keyText(key)];
  let open: Journal | undefined;
  let appended: StoredActor | undefined;
  let [token, parts, isCurrent] = [0, 0, false];

  return {
    begin(next) {
      [token, parts, isCurrent] = [next, 0, false];
    },

    isOpen: () => open !== undefined,

    endsIn(known) {
      const journal = current();
      return journal !== undefined && journal.seq === known.seq && journal.token === known.token;
    },

    last() {
      const journal = current();
      if (journal) return readTail(journal.fd, path, key).record;
      if (lstatSync(path, { throwIfNoEntry: false }) === undefined) return undefined;
      const { record, ...opened } = openJournal(path, key);
      [open, isCurrent] = [opened, true];
      return record;
    },

    standing: () => (open !== undefined && endsAt(path, open) ? appended : undefined),

    append(commit) {
      const time = put((journal) => lineAfter(journal, commit));
      const { machine, value, snapshot, outstanding } = commit;
      const [{ seq }, { boot }] = [open!, site];
      appended = { key, seq, token, time, boot, machine, value, snapshot, outstanding };
      return time;
    },

    prepare(commit) {
      const next = lineAfter(opened(), commit);
      // Others make lines in the same memory before this one is written.
      return { ...next, line: Buffer.from(next.line) };
    },

    write(line) {
      put(() => line);
    },

    lines() {
      const { fd } = opened();
      return [...linesFrom(fd, 0)].map(({ bytes }) => bytes.toString());
    },

    end() {
      try {
        const journal = current() ?? openJournal(path, key, { damaged: 'ignore' });
        open = journal;
        if (journal.size === 0) unlinkIfPresent(path);
        else {
          history.makeRoom(journal.size);
          const part = nextPart();
          renameSync(path, part);
          history.added(part, journal.size);
        }
        // Left by who died at continuing one, and the next append would have made use of it.
        if (journal.size >= site.rotateBytes) unlinkIfPresent(layout.nextOf(key));
      } catch (error) {
        throw writeFailure(error, path);
      } finally {
        close();
      }
    },

    close
  };

  /**
   * What is open, unless others have written since it was: a journal only grows while it
   * stands at its path, and no other file can have its inode number while it is open.
   */
  function current(): Journal | undefined {
    if (open === undefined || isCurrent) return open;
    isCurrent = true;
    if (!endsAt(path, open)) close();
    return open;
  }

  function opened(): Journal {
    const journal = current() ?? openJournal(path, key);
    [open, isCurrent] = [journal, true];
    return journal;
  }

  function lineAfter({ seq, hash: prev }: Journal, commit: Commit): JournalLine {
    const { host, boot } = site;
    const frame = { seq: seq + 1, host, boot, key: text, token, prev, time: site.now() };
    const { line, hash } = encodeRecord(frame, commit);
    return { line, hash, seq: frame.seq, time: frame.time, token, prev };
  }

  function put(make: (journal: Journal) => JournalLine): number {
    appended = undefined;
    try {
      const journal = opened();
      const { line, seq, time, hash, token, prev } = make(journal);
      const isFull = journal.size >= site.rotateBytes;
      const follows = prev === journal.hash || journal.size === 0;
      if (isFull || !follows) open = continueIn(journal, line);
      else appendTo(journal, line, path);
      const { fd, ino, size } = open!;
      open = { fd, ino, size: size + line.length, seq, hash, token };
      return time;
    } catch (error) {
      // What the file holds is uncertain now; the next append looks.
      close();
      throw writeFailure(error, path);
    }
  }

  // Linked before it is replaced, so that at every instant the journal has its name.
  function continueIn(old: Journal, line: Buffer): Journal {
    const next = layout.nextOf(key);
    const { O_RDWR, O_CREAT, O_TRUNC, O_APPEND } = constants;
    history.makeRoom(old.size);
    const { fd, stat } = openFile(next, O_RDWR | O_CREAT | O_TRUNC | O_APPEND);
    try {
      appendTo({ ...old, fd, size: 0 }, line, next);
      const part = nextPart();
      linkSync(path, part);
      renameSync(next, path);
      history.added(part, old.size);
    } catch (error) {
      closeSync(fd);
      unlinkIfPresent(next);
      throw error;
    }
    closeSync(old.fd);
    return { ...old, fd, ino: stat.ino, size: 0 };
  }

  function nextPart(): string {
    parts += 1;
    return layout.partOf(key, token, parts);
  }

  function close(): void {
    if (open !== undefined) closeSync(open.fd);
    [open, appended] = [undefined, undefined];
  }
}

interface Journal {
  readonly fd: number;
  readonly ino: number;
  /** Bytes of whole lines. */
  readonly size: number;
  /** Of the last record; 0 and `''` before the first. */
  readonly seq: number;
  readonly hash: string;
  readonly token: number;
}

/** Whether it is at its path still, and nobody has written to it since. */
function endsAt(path: string, { ino, size }: Journal): boolean {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  return stat !== undefined && stat.ino === ino && stat.size === size;
}

function openJournal(
  path: string,
  key: Key,
  options?: { damaged: 'ignore' }
): Journal & { readonly record?: StoredRecord | undefined } {
  const { fd, stat } = openFile(path, constants.O_RDWR | constants.O_CREAT | constants.O_APPEND);
  const { ino, size } = stat;
  const none = { fd, ino, size, seq: 0, hash: '', token: 0 };
  if (size === 0 || options?.damaged === 'ignore') return none;
  try {
    const tail = readTail(fd, path, key, size);
    if (tail.size > tail.end) ftruncateSync(fd, tail.end);
    const { record } = tail;
    const { seq, hash, token } = record ?? none;
    return { fd, ino, size: tail.end, seq, hash, token, record };
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
