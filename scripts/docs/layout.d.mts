import type { ChartState, ChartStructure } from '../../src/machines/structure.ts';

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

/** Text of a box or an arrow: lines of pieces. */
export type Lines = readonly (readonly { readonly kind: string; readonly text: string }[])[];

export interface Layout {
  readonly width: number;
  readonly height: number;
  readonly states: readonly (Rectangle & {
    readonly state: ChartState;
    readonly isOuter: boolean;
    readonly box: { readonly width: number; readonly height: number; readonly lines: Lines };
  })[];
  readonly dots: readonly Rectangle[];
  readonly arrows: readonly {
    readonly from: string;
    readonly to: string;
    readonly points: readonly Point[];
    readonly label: Rectangle | null;
    readonly lines: Lines;
  }[];
}

export function layoutOf(structure: ChartStructure, direction: 'DOWN' | 'RIGHT'): Promise<Layout>;
