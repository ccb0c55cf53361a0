import { MooringError } from '../model/failure.ts';
import { seal } from '../store/record.ts';
import { keyText, journalExists, type Key, type Kind, type Store } from '../store/store.ts';
import type { JournalHeader } from './file.ts';
import { recordLines } from './lines.ts';
import { badFile, type JournalSource } from './read.ts';

/**
 * Takes the journals of a file into a store, line for line, to be read there and nothing else:
 * no actor goes on from them. Exported again they are the same bytes.
 *
 * @returns what was imported: `['container/web', 'namespace/web']`
 * @throws MooringError `journal.exists`, `journal.notTaken`, and as `recordLines`; then nothing is written
 */
export async function importJournals(
  store: Store,
  source: JournalSource,
  keyOf: (text: string) => Key
): Promise<readonly string[]> {
  if (store.adopt === undefined) {
    throw new MooringError('journal.notTaken', 'this store takes no journals from elsewhere');
  }
  const journals = journalsIn(source);
  const keys = [...journals.keys()].map(keyOf);
  for (const key of keys) {
    const { done } = await store.journal(key)[Symbol.asyncIterator]().next();
    if (done !== true) throw journalExists(key);
  }
  for (const key of keys) await store.adopt(key, journals.get(keyText(key))!);
  return keys.map(keyText);
}

function journalsIn(source: JournalSource): ReadonlyMap<string, readonly Buffer[]> {
  const journals = new Map<string, Buffer[]>();
  const header = ({ simulation }: JournalHeader) => {
    if (simulation === undefined) return;
    throw new MooringError(
      'journal.simulated',
      `${source.name} was simulated: no host has a place for it, open it with replay`
    );
  };
  const last = new Map<string, string>();
  for (const line of recordLines(source, { header })) {
    const { parts: _parts, hash: _hash, prev, ...record } = line.record();
    const { key } = record;
    if (line.life > 1) throw badFile(source.name, line.number, `${key} begins a second life`);
    const own = journals.get(key) ?? [];
    // Parts are put back where they belong, so what is stored has a chain of its own.
    const sealed = seal({ ...record, prev: last.get(key) ?? prev });
    own.push(Buffer.from(sealed.line.subarray(0, -1)));
    last.set(key, sealed.hash);
    journals.set(key, own);
  }
  return journals;
}

/** @throws MooringError `journal.bad` when there is no such kind of actor */
export function keyFrom(text: string, kinds: readonly Kind[]): Key {
  const slash = text.indexOf('/');
  const kind = kinds.find((known) => known === text.slice(0, slash));
  if (kind !== undefined) return { kind, id: text.slice(slash + 1) };
  throw new MooringError('journal.bad', `${JSON.stringify(text)} is not a key of ours`);
}
