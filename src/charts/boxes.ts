// What is written in a state and on an arrow, as lines with their sizes.
import type {
  ChartAction,
  ChartGuard,
  ChartState,
  ChartTransition
} from '../machines/structure.ts';
import type { PictureState, PictureTransition } from './parts.ts';
import type { Box, Line, Piece } from './shapes.ts';
import { widthOf, wrapped } from './text.ts';

export const TITLE_PX = 15;
export const TEXT_PX = 12;
export const TAG_PX = 10;
export const LINE_PX = 16;
export const TITLE_LINE_PX = 22;
export const PADDING_PX = 12;
/** Between the title and what stands under the rule. */
export const RULE_GAP_PX = 7;
const MAX_CHARACTERS = 34;

/**
 * The text of a state: its key, its tags, and under a rule what it does when entered or left
 * and the events it takes without being left.
 */
export function stateBox(state: PictureState, machineId: string): Box {
  const title = state.path.at(-1) ?? machineId;
  const lines = [
    ...actionLines('entry', state.entry),
    ...actionLines('exit', state.exit),
    ...state.on.flatMap(({ event, candidates }) =>
      candidates.filter(({ targets }) => targets.length === 0).flatMap((c) => insideLines(event, c))
    )
  ];
  const tagsWidth = state.tags.reduce((sum, tag) => sum + tagWidth(tag) + 6, 0);
  const titleWidth = widthOf(title, TITLE_PX, true) + (tagsWidth > 0 ? 6 + tagsWidth : 0);
  const textWidth = Math.max(0, ...lines.map(lineWidth));
  const under = lines.length === 0 ? 0 : 2 * RULE_GAP_PX + lines.length * LINE_PX;
  return {
    title,
    tags: state.tags,
    lines,
    width: Math.max(titleWidth, textWidth) + 2 * PADDING_PX,
    height: TITLE_LINE_PX + under + PADDING_PX
  };
}

export function tagWidth(tag: string): number {
  return widthOf(tag, TAG_PX, true) + 12;
}

/** The text of an arrow: event, guard, actions, each on lines of its own. */
export function arrowLines(
  event: string | null,
  { guard, actions, ids }: PictureTransition
): readonly Line[] {
  const lines: (readonly Piece[])[] = [
    ...(event === null ? [] : [[{ kind: 'event', text: event } as const]]),
    ...(guard === null ? [] : [[{ kind: 'guard', text: guardText(guard) } as const]]),
    ...spread('/ ', actions)
  ];
  return lines.map((pieces) => ({ pieces, transitions: ids }));
}

export function lineWidth({ pieces }: Line): number {
  return pieces.reduce((sum, { kind, text }) => sum + widthOf(text, TEXT_PX, kind === 'event'), 0);
}

/** `[isLast]`, or `[isLast(event)]` when it looks at the event too. */
export function guardText({ type, params }: ChartGuard): string {
  return params ? `[${type}(event)]` : `[${type}]`;
}

function actionLines(word: string, actions: ChartState['entry']): readonly Line[] {
  return spread(`${word} / `, actions).map((pieces) => ({ pieces, transitions: [] }));
}

// An event taken without leaving the state: on one line where it fits.
function insideLines(event: string, { guard, actions, ids }: PictureTransition): readonly Line[] {
  const head: Piece[] = [{ kind: 'event', text: event }];
  if (guard !== null) head.push({ kind: 'guard', text: ` ${guardText(guard)}` });
  const [first, ...others] = spread(' / ', actions);
  const lines =
    first === undefined
      ? [[...head, { kind: 'action', text: ' ignored' } as const]]
      : [[...head, ...first], ...others];
  return lines.map((pieces) => ({ pieces, transitions: ids }));
}

function spread(lead: string, actions: ChartTransition['actions']): readonly (readonly Piece[])[] {
  const asking = new Set(actions.filter(({ asks }) => asks).map(({ type }) => type));
  const lines = wrapped(actions.map(wordOf), MAX_CHARACTERS);
  return lines.map((line, index) => [
    { kind: 'action', text: index === 0 ? lead : '   ' },
    ...line.split(/(?<= )/).map((text) => ({
      kind: asking.has(text.replace(/[, ]+$/, '')) ? ('ask' as const) : ('action' as const),
      text
    }))
  ]);
}

function wordOf({ type }: ChartAction): string {
  return type;
}
