import type { JSX } from 'preact';
import { lengthText } from '../state/text.ts';
import type { Ref } from '../worker/protocol.ts';
import type { EffectSpan } from '../../model/timeline.ts';
import type { PlacedEffect, PlacedLane, PlacedSpan } from './timeline-layout.ts';
import type { TimeScale } from './time-scale.ts';

export const AXIS_PX = 28;
const AROUND_PX = 400;

export function Axis({ scale }: { readonly scale: TimeScale }): JSX.Element {
  return (
    <div class="axis" aria-hidden="true">
      {scale.pauses.map(({ x, width, ms }) => (
        <span
          key={x}
          class="axis-pause"
          title={`${lengthText(ms)} left out`}
          style={{ left: `${x}px`, width: `${width}px` }}
        />
      ))}
      {scale.ticks.map(({ x, ms }) => (
        <span key={x} class="tick" style={{ left: `${x}px` }}>
          +{lengthText(ms)}
        </span>
      ))}
    </div>
  );
}

export interface LaneViewProps {
  readonly lane: PlacedLane;
  readonly seen: { readonly left: number; readonly width: number };
  readonly at: Ref | null;
  readonly onChoose: (ref: Ref) => void;
}

/** Only what is in sight is there. */
export function LaneView({ lane, seen, at, onChoose }: LaneViewProps): JSX.Element {
  const isSeen = (x: number, width: number) =>
    x < seen.left + seen.width + AROUND_PX && x + width > seen.left - AROUND_PX;
  return (
    <div class="lane" role="presentation">
      <div class="lane-head" aria-hidden="true" style={{ top: `${AXIS_PX + lane.top}px` }}>
        <span>{lane.key}</span>
      </div>
      {lane.states
        .filter(({ x, width }) => isSeen(x, width))
        .map((bar) => (
          <span
            key={`${bar.seq} ${bar.x}`}
            class="state-bar"
            aria-hidden="true"
            title={bar.title}
            style={styleOf(bar)}
          >
            {bar.isWritten ? bar.text : ''}
          </span>
        ))}
      {lane.waits.map((span) => (
        <SpanBar key={span.x} span={span} />
      ))}
      {lane.effects
        .filter(({ x, whole }) => isSeen(x, whole))
        .map((one) => (
          <EffectBar
            key={one.effect.id}
            placed={one}
            isChosen={isOf(one.effect, lane.key, at)}
            onChoose={() => onChoose(refOf(one.effect, lane.key))}
          />
        ))}
    </div>
  );
}

interface EffectBarProps {
  readonly placed: PlacedEffect;
  readonly isChosen: boolean;
  readonly onChoose: () => void;
}

function EffectBar({ placed, isChosen, onChoose }: EffectBarProps): JSX.Element {
  const { effect, x, width, whole, y, text, isBeside, spans } = placed;
  return (
    <>
      <div
        id={`effect-${effect.id}`}
        role="option"
        aria-selected={isChosen}
        aria-label={[text, ...spans.map(({ title }) => title)].join('; ')}
        class={`effect-bar ${effect.outcome}${isChosen ? ' chosen' : ''}`}
        style={{ left: `${x}px`, top: `${AXIS_PX + y}px`, width: `${whole}px` }}
        title={effect.failure?.message ?? text}
        onClick={onChoose}
      >
        <span class="effect-fill" style={{ width: `${width}px` }} />
        <span class="effect-text" style={{ left: `${isBeside ? width + 1 : 0}px` }}>
          {text}
        </span>
      </div>
      {spans.map((span, index) => (
        <SpanBar key={index} span={span} />
      ))}
    </>
  );
}

function SpanBar({ span }: { readonly span: PlacedSpan }): JSX.Element {
  return (
    <span
      class={`span-bar ${span.kind}`}
      aria-hidden="true"
      title={span.title}
      style={styleOf(span)}
    />
  );
}

function styleOf({
  x,
  width,
  y
}: {
  readonly x: number;
  readonly width: number;
  readonly y: number;
}) {
  return { left: `${x}px`, width: `${width}px`, top: `${AXIS_PX + y}px` };
}

export function isOf({ seq, answerSeq }: EffectSpan, key: string, at: Ref | null): boolean {
  return at?.key === key && at.seq === (answerSeq ?? seq);
}

/** The record that answered it, or the one that asked. */
export function refOf({ seq, answerSeq, from, to }: EffectSpan, key: string): Ref {
  return answerSeq === null || to === null
    ? { key, seq, time: from }
    : { key, seq: answerSeq, time: to };
}
