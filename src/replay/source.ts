import { existsSync, readFileSync } from 'node:fs';
import type { Candidate } from './guards.ts';

/** Where a transition is written. */
export interface Place {
  /** Path below the package, `src/machines/teardown.ts`. */
  readonly file: string;
  readonly line: number;
}

/**
 * Where the charts of this version are written, by candidate.
 *
 * The build notes it beside the compiled machines; without the note a place is not known.
 */
export function placeOf(candidate: Candidate): Place | undefined {
  positions ??= read();
  const found = positions[`${candidate.source} ${candidate.event} ${candidate.index}`];
  if (found === undefined) return undefined;
  const [file, line] = found;
  return { file, line };
}

type Positions = Readonly<Record<string, readonly [file: string, line: number]>>;

let positions: Positions | undefined;

// From `dist/replay` it is a neighbour; from `src/replay` it is where the build put it.
const PLACES = ['../machines/positions.json', '../../dist/machines/positions.json'];

function read(): Positions {
  const found = PLACES.map((place) => new URL(place, import.meta.url)).find((url) =>
    existsSync(url)
  );
  return found === undefined ? {} : (JSON.parse(readFileSync(found, 'utf8')) as Positions);
}
