import { replay } from '../../src/replay/replay.ts';
import { JOURNALS } from './corpus.ts';
import { firstDifference, LIVES } from './mutants-truth.ts';
import type { Mutant } from './mutants.ts';

export interface Checked {
  /** Whether it changes anything that the corpus did. */
  readonly isSeen: boolean;
  /** What replay said otherwise, or at another event. */
  readonly wrong: readonly string[];
}

/** Compares what replay says of a mutant with what it does. */
export function checked({ operator, where, machines }: Mutant): Checked {
  const wrong: string[] = [];
  let isSeen = false;
  for (const [file, path] of JOURNALS) {
    const actors = new Map(replay(path, { machines }).actors.map((actor) => [actor.key, actor]));
    for (const life of LIVES.filter((one) => one.path === path)) {
      const wanted = firstDifference(life, machines);
      const found = actors.get(life.name)!.divergence?.seq;
      isSeen ||= wanted !== undefined;
      if (wanted === found) continue;
      wrong.push(`${operator} ${where}: ${file} ${life.name} at ${found}, differs at ${wanted}`);
    }
  }
  return { isSeen, wrong };
}
