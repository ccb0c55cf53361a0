// What is written in a state and on an arrow, as lines with their sizes.
import { widthOf, wrapped } from './text.mjs';

export const TITLE_PX = 15;
export const TEXT_PX = 12;
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
export function stateBox(state, machineId) {
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

export function tagWidth(tag) {
  return widthOf(tag, 10, true) + 12;
}

/** The text of an arrow: event, guard, actions, each on lines of its own. */
export function arrowLines(event, { guard, actions }) {
  return [
    ...(event === null ? [] : [[{ kind: 'event', text: event }]]),
    ...(guard === null ? [] : [[{ kind: 'guard', text: guardText(guard) }]]),
    ...spread('/ ', actions)
  ];
}

export function lineWidth(line) {
  return line.reduce((sum, { kind, text }) => sum + widthOf(text, TEXT_PX, kind === 'event'), 0);
}

/** `[isLast]`, or `[isLast(event)]` when it looks at the event too. */
export function guardText({ type, params }) {
  return params ? `[${type}(event)]` : `[${type}]`;
}

function actionLines(word, actions) {
  return spread(`${word} / `, actions);
}

// An event taken without leaving the state: on one line where it fits.
function insideLines(event, { guard, actions }) {
  const head = [{ kind: 'event', text: event }];
  if (guard !== null) head.push({ kind: 'guard', text: ` ${guardText(guard)}` });
  if (actions.length === 0) return [[...head, { kind: 'action', text: ' ignored' }]];
  const [first, ...others] = spread(' / ', actions);
  return [[...head, ...first], ...others];
}

function spread(lead, actions) {
  const asking = new Set(actions.filter(({ asks }) => asks).map(({ type }) => type));
  const lines = wrapped(
    actions.map(({ type }) => type),
    MAX_CHARACTERS
  );
  return lines.map((line, index) => [
    { kind: 'action', text: index === 0 ? lead : '   ' },
    ...line.split(/(?<= )/).map((text) => ({
      kind: asking.has(text.replace(/[, ]+$/, '')) ? 'ask' : 'action',
      text
    }))
  ]);
}
