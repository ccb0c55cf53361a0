// Which arrows a picture has, before they are laid out.
import { arrowLines } from './boxes.ts';
import type { PictureState, PictureStructure, PictureTransition } from './parts.ts';
import type { PlacedArrow } from './shapes.ts';

export type Arrow = Pick<PlacedArrow, 'from' | 'to' | 'kind' | 'lines' | 'transitions'>;

export function dotId({ id }: PictureState): string {
  return `${id}#initial`;
}

// Every transition that leaves its state, and one from each dot to the initial state. What leads
// back to its own state is one arrow: beside a state there is no room for several.
export function arrowsOf({ states, merges }: PictureStructure): readonly Arrow[] {
  const all = states.flatMap((state) => [
    ...(state.initial === null ? [] : [initialArrow(state, state.initial)]),
    ...state.always.flatMap((transition) => arrowsFor(state.id, null, transition)),
    ...state.on.flatMap(({ event, candidates }) =>
      candidates.flatMap((transition) => arrowsFor(state.id, event, transition))
    )
  ]);
  return joinedBy(all, ({ from, to, kind }, index) => {
    if (from === to) return from;
    return merges ? `${from} ${to} ${kind}` : String(index);
  });
}

function initialArrow(state: PictureState, to: string): Arrow {
  return { from: dotId(state), to, kind: 'initial', lines: [], transitions: [] };
}

function joinedBy(
  all: readonly Arrow[],
  nameOf: (arrow: Arrow, index: number) => string
): readonly Arrow[] {
  const byName = new Map<string, Arrow>();
  for (const [index, arrow] of all.entries()) {
    const name = nameOf(arrow, index);
    const first = byName.get(name);
    byName.set(name, first === undefined ? arrow : joined(first, arrow));
  }
  return [...byName.values()];
}

function joined(first: Arrow, next: Arrow): Arrow {
  return {
    ...first,
    lines: [...first.lines, ...next.lines],
    transitions: [...first.transitions, ...next.transitions]
  };
}

function arrowsFor(
  from: string,
  event: string | null,
  transition: PictureTransition
): readonly Arrow[] {
  const kind = event === null ? 'always' : 'event';
  const lines = transition.isBare ? [] : arrowLines(event, transition);
  return transition.targets.map((to) => ({ from, to, kind, lines, transitions: transition.ids }));
}
