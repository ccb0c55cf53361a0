import { join } from 'node:path';
import { MooringError } from '../../model/failure.ts';
import { parseContainerId, parseNetworkName } from '../../model/names.ts';
import { SHARED_UPLINK } from '../../model/uplink.ts';
import type { Key, Kind } from '../store.ts';

/** Where each thing is kept under a root; every name is parsed before it becomes a path. */
export interface Layout {
  readonly root: string;
  readonly format: string;
  readonly token: string;
  readonly journals: string;
  readonly locks: string;
  readonly history: string;
  readonly allocations: string;
  /** Made when the first is imported. */
  readonly imported: string;
  journalOf(key: Key): string;
  /** Where a journal's next file is written before it takes the journal's place. */
  nextOf(key: Key): string;
  /** Of a life that was recorded elsewhere. */
  importedOf(key: Key): string;
  lockOf(key: Key): string;
  /** @param part counts the files one lease has put away, so names of a key only grow */
  partOf(key: Key, token: number, part: number): string;
  /** Files of one kind of allocation: the data, its lock, and the data being written. */
  allocationOf(kind: string): {
    readonly file: string;
    readonly lock: string;
    readonly next: string;
  };
}

export function layoutOf(root: string): Layout {
  const folder = (name: string) => join(root, name);
  const [journals, locks, history] = [folder('journal'), folder('locks'), folder('history')];
  const [allocations, imported] = [folder('allocations'), folder('imported')];
  return {
    root,
    format: join(root, 'format'),
    token: join(root, 'token'),
    journals,
    locks,
    history,
    allocations,
    imported,
    journalOf: (key) => `${journals}/${stemOf(key)}.jsonl`,
    nextOf: (key) => `${journals}/${stemOf(key)}.next`,
    importedOf: (key) => `${imported}/${stemOf(key)}.jsonl`,
    lockOf: (key) => `${locks}/${stemOf(key)}.lock`,
    partOf: (key, token, part) => `${history}/${stemOf(key)}.${token}-${part}.jsonl`,
    allocationOf(kind) {
      const stem = `${allocations}/${allocationKind(kind)}`;
      return { file: `${stem}.jsonl`, lock: `${stem}.lock`, next: `${stem}.next` };
    }
  };
}

/** The key of a file in `journal/`, or `undefined` when the name is not a journal's. */
export function keyOfJournal(name: string): Key | undefined {
  const [, kind, id] = JOURNAL.exec(name) ?? [];
  return keyOf(kind, id);
}

export interface HistoryName {
  readonly key: Key;
  readonly token: number;
  readonly part: number;
}

/** What the name of a file in `history/` says, or `undefined` when it is not one of ours. */
export function parseHistoryName(name: string): HistoryName | undefined {
  const [, kind, id, token, part] = HISTORY.exec(name) ?? [];
  const key = keyOf(kind, id);
  return key && { key, token: Number(token), part: Number(part) };
}

const JOURNAL = /^([a-zA-Z]+)\.(.+)\.jsonl$/;
const HISTORY = /^([a-zA-Z]+)\.(.+)\.(\d+)-(\d+)\.jsonl$/;
const KINDS: readonly string[] = [
  'container',
  'namespace',
  'network',
  'uplink',
  'forwarder',
  'rootlessNetns'
] satisfies Kind[];

// A kind has no dot, so the first dot ends it and no two keys share a stem.
function stemOf({ kind, id }: Key): string {
  if (!KINDS.includes(kind)) {
    throw new MooringError('store.badKey', `${JSON.stringify(kind)} is not a kind of actor`);
  }
  return `${kind}.${parseId(kind, id)}`;
}

function parseId(kind: Kind, id: string): string {
  if (kind === 'uplink' && id === SHARED_UPLINK) return id;
  return kind === 'network' ? parseNetworkName(id) : parseContainerId(id);
}

function keyOf(kind: string | undefined, id: string | undefined): Key | undefined {
  if (kind === undefined || id === undefined || !KINDS.includes(kind)) return undefined;
  const key = { kind: kind as Kind, id };
  try {
    stemOf(key);
    return key;
  } catch (error) {
    if (error instanceof MooringError) return undefined;
    throw error;
  }
}

function allocationKind(kind: string): string {
  if (/^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$/.test(kind)) return kind;
  throw new MooringError(
    'store.badKey',
    `allocation kind ${JSON.stringify(kind)} must match [a-zA-Z0-9][a-zA-Z0-9_.-]*`
  );
}
