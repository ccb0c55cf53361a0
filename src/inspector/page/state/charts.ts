import type { Layout } from '../../../charts/shapes.ts';
import type { ChartStructure } from '../../../machines/structure.ts';

/** Charts with their pictures laid out, as the build has made them. */
export interface Charts {
  readonly machines: readonly Chart[];
}

export interface Chart {
  /** Kind of actor, `container`. */
  readonly kind: string;
  /** Version and structure, as records name it. */
  readonly machine: string;
  readonly structure: ChartStructure;
  readonly pictures: readonly ChartPicture[];
  /** Why it is as it is, in Markdown. */
  readonly why: string;
}

export interface ChartPicture {
  readonly name: string;
  /** Key of the state whose inside it shows; `null`: the machine as a whole. */
  readonly key: string | null;
  /** Everything in one picture. */
  readonly whole: boolean;
  readonly layout: Layout;
}

/** The picture in which a state is to be seen: of its inside when it is within another. */
export function pictureFor(chart: Chart, stateId: string): ChartPicture | undefined {
  const state = chart.structure.states.find(({ id }) => id === stateId);
  const [key] = state?.path ?? [];
  const inner = chart.pictures.find((picture) => picture.key !== null && picture.key === key);
  return (state && state.path.length > 1 ? inner : undefined) ?? chart.pictures[0];
}
