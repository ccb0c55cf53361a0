import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { versionIn } from '../../src/actors/versions.ts';
import type { ActorReplayed } from '../../src/replay/replay.ts';
import type { StoredActor } from '../../src/store/store.ts';

const FOLDER = fileURLToPath(new URL('../journals', import.meta.url));
const FILES = readdirSync(FOLDER).filter((name) => name.endsWith('.jsonl'));
const isOfRests = (name: string) => name.startsWith('rests');

/** What kernel tests have recorded, by the name of their file; `-1` is by version 1 of the charts, and so on. */
export const JOURNALS = FILES.filter((name) => !isOfRests(name)).map(
  (name) => [name, `${FOLDER}/${name}`] as const
);

/** One actor for each state, and what it waited for, that those came to. */
export const STANDING = FILES.filter(isOfRests).flatMap((name) =>
  readFileSync(`${FOLDER}/${name}`, 'utf8')
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as StoredActor)
);

/** Whether a chart may do otherwise there: it says so, by a version of its own. */
export function isAllowed({ divergence }: ActorReplayed): boolean {
  if (divergence === undefined) return true;
  const { recorded, current } = divergence;
  return versionIn(recorded.machine) < versionIn(current.machine);
}
