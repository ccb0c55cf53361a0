import type { ChartState } from '../machines/structure.ts';

/** Pixels from the top left corner of the picture. */
export interface Rectangle {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface Point {
  readonly x: number;
  readonly y: number;
}

/** A piece of a line: its kind says how it looks. `ask` is an action that asks for an effect. */
export interface Piece {
  readonly kind: 'event' | 'guard' | 'action' | 'ask';
  readonly text: string;
}

/** `transitions`: those that the line tells of, so that it can be lit with them. */
export interface Line {
  readonly pieces: readonly Piece[];
  readonly transitions: readonly string[];
}

/** What is written in a state, and how much room it takes. */
export interface Box {
  readonly title: string;
  readonly tags: readonly string[];
  readonly lines: readonly Line[];
  readonly width: number;
  readonly height: number;
}

/** `passing` is left at once, `busy` waits for an answer, `rest` for a command. */
export type Mood = 'passing' | 'busy' | 'rest';

export interface PlacedState extends Rectangle {
  readonly state: Pick<ChartState, 'id' | 'path' | 'type'>;
  readonly box: Box;
  /** Where its text begins, from its left edge: an arrow may pass beside it. */
  readonly textX: number;
  /** Whether states stand within. */
  readonly isOuter: boolean;
  /** Whether it has states within that another picture shows. */
  readonly isClosed: boolean;
  readonly mood: Mood;
}

export interface PlacedArrow {
  /** Id of a state, or of the dot of one: `container#initial`. */
  readonly from: string;
  readonly to: string;
  /** `always`: taken at once, without an event. */
  readonly kind: 'initial' | 'event' | 'always';
  readonly lines: readonly Line[];
  readonly transitions: readonly string[];
  readonly points: readonly Point[];
  /** `null` when nothing is written on it. */
  readonly label: Rectangle | null;
  /** How many states stand around its label, the root not counted. */
  readonly depth: number;
}

/** A chart in its place, outer states before inner ones. It is plain JSON. */
export interface Layout {
  readonly width: number;
  readonly height: number;
  readonly states: readonly PlacedState[];
  readonly dots: readonly Rectangle[];
  readonly arrows: readonly PlacedArrow[];
}
