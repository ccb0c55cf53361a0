import type { ChartStructure } from '../../src/machines/structure.ts';

export interface Picture {
  /** Of its file, without the end. */
  readonly name: string;
  /** Key of the state whose inside is shown; `null`: the machine as a whole. */
  readonly key: string | null;
  readonly structure: ChartStructure;
}

export function picturesOf(structure: ChartStructure): readonly Picture[];
