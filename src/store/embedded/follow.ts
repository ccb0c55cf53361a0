import { closeSync, readdirSync, statSync } from 'node:fs';
import { basename } from 'node:path';
import { MooringError } from '../../model/failure.ts';
import { decodeRecord, journalRecordOf } from '../record.ts';
import type { JournalRecord, Key } from '../store.ts';
import { changesIn } from './changes.ts';
import { openIfPresent, type OpenFile } from './files.ts';
import { partsOf } from './history.ts';
import { keyOfJournal, parseHistoryName, type Layout } from './layout.ts';
import { endOfLines, linesFrom } from './reader.ts';

/** How far a journal has been read: its file, and the offset behind the last line. */
interface Position {
  readonly ino: number;
  readonly offset: number;
}

/**
 * Records of every actor, as any process appends them, from this call on.
 *
 * Notifications only say where to look; what is there is found by position, so
 * none is missed or given twice when they are merged or dropped.
 */
export function follow(layout: Layout, signal: AbortSignal): AsyncIterable<JournalRecord> {
  const changes = changesIn(layout.journals, signal);
  const positions = new Map<string, Position>();
  for (const name of readdirSync(layout.journals)) noteEnd(name);
  let seen = new Set(readdirSync(layout.history));
  return records();

  async function* records(): AsyncGenerator<JournalRecord> {
    try {
      while (!signal.aborted) {
        for (const name of changes.take(unread)) {
          for (const record of drain(name)) {
            if (signal.aborted) return;
            yield record;
          }
        }
        await changes.next();
      }
    } finally {
      changes.close();
    }
  }

  function noteEnd(name: string): void {
    const file = keyOfJournal(name) && openReadable(`${layout.journals}/${name}`);
    if (!file) return;
    const { ino, size } = file.stat;
    try {
      positions.set(name, { ino, offset: endOfLines(file.fd, size) });
    } finally {
      closeSync(file.fd);
    }
  }

  function unread(): readonly string[] {
    const present = readdirSync(layout.journals);
    const changed = [...new Set([...present, ...positions.keys()])].filter(isUnread);
    // Those that began and ended since the last look left nothing but their history.
    const ended = readdirSync(layout.history)
      .filter((name) => !seen.has(name))
      .flatMap((name) => parseHistoryName(name)?.key ?? [])
      .map((key) => basename(layout.journalOf(key)));
    return [...new Set([...changed, ...ended])];
  }

  function isUnread(name: string): boolean {
    const stat = statSync(`${layout.journals}/${name}`, { throwIfNoEntry: false });
    const position = positions.get(name);
    return stat?.ino !== position?.ino || stat?.size !== position?.offset;
  }

  function* drain(name: string): Generator<JournalRecord> {
    const key = keyOfJournal(name);
    if (key === undefined) return;
    const position = positions.get(name);
    const live = openReadable(`${layout.journals}/${name}`);
    // What was read so far of each file, as one may come up twice: put away while we look.
    const offsets = new Map(position && [[position.ino, position.offset]]);
    try {
      if (live === undefined || live.stat.ino !== position?.ino) yield* drainParts(key, offsets);
      if (live !== undefined) yield* readFrom(live, key, offsets);
    } finally {
      if (live !== undefined) closeSync(live.fd);
    }
    const offset = live && offsets.get(live.stat.ino);
    if (offset === undefined) positions.delete(name);
    else positions.set(name, { ino: live!.stat.ino, offset });
  }

  function* drainParts(key: Key, offsets: Map<number, number>): Generator<JournalRecord> {
    const parts = partsOf(layout, key);
    const earlier = seen;
    const present = new Set(readdirSync(layout.history));
    seen = new Set([...seen].filter((name) => present.has(name)));
    for (const { name, path } of parts) {
      seen.add(name);
      const file = openReadable(path);
      if (file === undefined) continue;
      try {
        if (!earlier.has(name) || offsets.has(file.stat.ino)) yield* readFrom(file, key, offsets);
      } finally {
        closeSync(file.fd);
      }
    }
  }
}

// Something else in a journal's place concerns one actor, and whoever loads that is told.
function openReadable(path: string): OpenFile | undefined {
  try {
    return openIfPresent(path);
  } catch (error) {
    if (error instanceof MooringError) return undefined;
    throw error;
  }
}

function* readFrom(
  { fd, stat }: OpenFile,
  key: Key,
  offsets: Map<number, number>
): Generator<JournalRecord> {
  for (const { bytes, end } of linesFrom(fd, offsets.get(stat.ino) ?? 0)) {
    const record = readable(bytes, key);
    // Whoever loads this actor is told; the others' records go on.
    if (record === undefined) return;
    offsets.set(stat.ino, end);
    yield record;
  }
}

function readable(line: Buffer, key: Key): JournalRecord | undefined {
  try {
    return journalRecordOf(decodeRecord(line, key));
  } catch {
    return undefined;
  }
}
