// Where everything of a timeline goes: lanes, states, effects in rows, and what is in them.
import { widthOf } from '../../../charts/text.ts';
import type { Span } from '../../../model/span.ts';
import type { EffectSpan, Lane } from '../../model/timeline.ts';
import { lengthText } from '../state/text.ts';
import type { Happened, TimeScale } from './time-scale.ts';

export interface PlacedLane {
  readonly key: string;
  readonly top: number;
  readonly height: number;
  readonly states: readonly PlacedBar[];
  readonly effects: readonly PlacedEffect[];
  readonly waits: readonly PlacedSpan[];
}

interface Placed {
  readonly x: number;
  readonly width: number;
  readonly y: number;
}

export interface PlacedBar extends Placed {
  readonly text: string;
  readonly isWritten: boolean;
  readonly seq: number;
  readonly title: string;
}

export interface PlacedEffect extends Placed {
  readonly effect: EffectSpan;
  readonly text: string;
  /** It is longer than its bar, and stands behind it. */
  readonly isBeside: boolean;
  /** Of bar and text. */
  readonly whole: number;
  readonly spans: readonly PlacedSpan[];
}

export interface PlacedSpan extends Placed {
  readonly kind: 'run' | 'wait' | 'failed';
  readonly title: string;
}

export const LANE_HEAD_PX = 26;
const STATE_PX = 24;
const WAITS_PX = 10;
const EFFECT_PX = 40;
const LANE_GAP_PX = 12;
const BAR_MIN_PX = 5;
const TEXT_PX = 12;

export function happenedIn(lanes: readonly Lane[]): Happened {
  const effects = lanes.flatMap((lane) => lane.effects);
  const spans = [...lanes.flatMap(({ waits }) => waits), ...effects.flatMap((one) => one.spans)];
  const states = lanes.flatMap((lane) => lane.states.map(({ from }) => from));
  const busy = [
    ...effects.map(({ from, to }) => [from, to ?? from] as const),
    ...spans.map(({ begunAt, tookMs }) => [begunAt, begunAt + tookMs] as const)
  ];
  return { times: [...states, ...busy.flat()], busy };
}

/** @param end where what goes on is cut off */
export function placedLanes(
  lanes: readonly Lane[],
  scale: TimeScale,
  end: number
): readonly PlacedLane[] {
  let top = 0;
  return lanes.map((lane) => {
    const below = top + LANE_HEAD_PX + STATE_PX + WAITS_PX;
    const effects = placedEffects(lane.effects, { scale, end, top: below });
    const rows = new Set(effects.map(({ y }) => y)).size;
    const height = LANE_HEAD_PX + STATE_PX + WAITS_PX + rows * EFFECT_PX + LANE_GAP_PX;
    const placed = {
      ...{ key: lane.key, top, height, effects },
      states: statesOf(lane, { scale, end, top: top + LANE_HEAD_PX }),
      waits: lane.waits.map((span) => placedSpan(span, scale, top + LANE_HEAD_PX + STATE_PX))
    };
    top += height;
    return placed;
  });
}

interface Ground {
  readonly scale: TimeScale;
  readonly end: number;
  readonly top: number;
}

function statesOf(lane: Lane, { scale, end, top }: Ground): readonly PlacedBar[] {
  return lane.states.map(({ state, from, to, seq }) => {
    const x = scale.x(from);
    const width = Math.max((to === null ? end : scale.x(to)) - x, 2);
    const isWritten = widthOf(state, TEXT_PX) + 14 <= width;
    const lasted = to === null ? 'still' : lengthText(to - from);
    return { x, width, y: top, text: state, isWritten, seq, title: `${state}, ${lasted}` };
  });
}

/** Each in the first row where neither it nor its text is in another's way. */
function placedEffects(
  effects: readonly EffectSpan[],
  { scale, end, top }: Ground
): readonly PlacedEffect[] {
  const ends: number[] = [];
  return effects.map((effect) => {
    const x = scale.x(effect.from);
    const width = Math.max((effect.to === null ? end : scale.x(effect.to)) - x, BAR_MIN_PX);
    const text = textOf(effect);
    const textWidth = widthOf(text, TEXT_PX) + 14;
    const isBeside = textWidth > width;
    let row = ends.findIndex((free) => free <= x);
    if (row < 0) row = ends.length;
    const whole = width + (isBeside ? textWidth : 0);
    ends[row] = x + whole + 8;
    const y = top + row * EFFECT_PX;
    const spans = effect.spans.map((span) => placedSpan(span, scale, y + 28));
    return { effect, x, width, y, text, isBeside, whole, spans };
  });
}

function placedSpan(span: Span, scale: TimeScale, y: number): PlacedSpan {
  const x = scale.x(span.begunAt);
  const width = Math.max(scale.x(span.begunAt + span.tookMs) - x, 3);
  if (span.kind === 'wait') {
    return { x, width, y, kind: 'wait', title: `waited ${lengthText(span.tookMs)}: ${span.on}` };
  }
  const isGood = span.exitCode === 0 && span.stopped === undefined;
  const outcome = isGood ? '' : `, ${span.stopped ?? `exit ${span.exitCode}`}`;
  const title = `${span.program} ${span.command}, ${lengthText(span.tookMs)}${outcome}`;
  return { x, width, y, kind: isGood ? 'run' : 'failed', title };
}

function textOf({ type, subject, from, to, attempt, recovered, outcome }: EffectSpan): string {
  const words = [type, subject].filter((word) => word !== '');
  const more = [
    to === null ? 'goes on' : lengthText(to - from),
    ...(attempt > 1 ? [`attempt ${attempt}`] : []),
    ...(recovered ? ['recovered'] : []),
    ...(outcome === 'failed' ? ['failed'] : [])
  ];
  return `${words.join(' ')} · ${more.join(', ')}`;
}
