import type { JSX } from 'preact';
import { useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { Lane } from '../../model/timeline.ts';
import { EffectTable } from '../parts/effect-table.tsx';
import { Empty, Waiting } from '../parts/empty.tsx';
import { Icon } from '../parts/icons.tsx';
import type { Session } from '../state/session.ts';
import { useAsked, useStore } from '../state/store.ts';
import type { Ref } from '../worker/protocol.ts';
import { Axis, AXIS_PX, isOf, LaneView, refOf } from './timeline-bars.tsx';
import { happenedIn, placedLanes, type PlacedEffect, type PlacedLane } from './timeline-layout.ts';
import { pxPerMsFor, timeScale, type TimeScale } from './time-scale.ts';

/** What was done while an actor was in which state, and what was run for it. */
export function TimelineView({ session }: { readonly session: Session }): JSX.Element {
  const { key } = useStore(session.selection);
  const { version } = useStore(session.counts);
  const asked = useAsked(() => session.library.timeline(key), [key, version]);
  if (key === '') {
    return (
      <Empty title="Choose an actor">
        <p>
          Its states, the effects within them, and each plugin that was run, side by side in time.
        </p>
      </Empty>
    );
  }
  if (asked.value === undefined) return <Waiting what="the timeline" />;
  const lanes = inOrder(asked.value, key);
  if (lanes.length === 0) {
    return (
      <Empty title="No records">
        <p>Its journal has not been read yet, or it has none.</p>
      </Empty>
    );
  }
  return <Timeline session={session} lanes={lanes} />;
}

function inOrder(lanes: readonly Lane[], first: string): readonly Lane[] {
  return [...lanes.filter(({ key }) => key === first), ...lanes.filter(({ key }) => key !== first)];
}

interface TimelineProps {
  readonly session: Session;
  readonly lanes: readonly Lane[];
}

function Timeline({ session, lanes }: TimelineProps): JSX.Element {
  const [zoom, setZoom] = useState(1);
  const choose = (ref: Ref) => session.select({ at: ref, tab: 'event' });
  return (
    <section class="view timeline-view" aria-label="Timeline">
      <div class="toolbar">
        <Legend />
        <span class="spacer" />
        <div class="zoom" role="group" aria-label="Size">
          <button
            class="quiet"
            aria-label="Narrower"
            disabled={zoom <= 1 / 16}
            onClick={() => setZoom(zoom / 2)}
          >
            <Icon name="minus" />
          </button>
          <button
            class="quiet"
            aria-label="Wider"
            disabled={zoom >= 64}
            onClick={() => setZoom(zoom * 2)}
          >
            <Icon name="plus" />
          </button>
        </div>
      </div>
      <Frame session={session} lanes={lanes} zoom={zoom} onChoose={choose} />
      <div class="below">
        <details class="fold">
          <summary>As a table</summary>
          <div
            class="scroll-x plain-scroll"
            tabIndex={0}
            role="group"
            aria-label="Effects as a table"
          >
            <EffectTable lanes={lanes} onChoose={choose} />
          </div>
        </details>
      </div>
    </section>
  );
}

interface FrameProps extends TimelineProps {
  readonly zoom: number;
  readonly onChoose: (ref: Ref) => void;
}

const STEPS: Readonly<Record<string, number>> = {
  ArrowRight: 1,
  ArrowDown: 1,
  ArrowLeft: -1,
  ArrowUp: -1,
  Home: -1e9,
  End: 1e9
};

/** One stop for the keyboard; arrows go from effect to effect in the order they began. */
function Frame({ session, lanes, zoom, onChoose }: FrameProps): JSX.Element {
  const { at } = useStore(session.selection);
  const frame = useRef<HTMLDivElement>(null);
  const [seen, setSeen] = useState({ left: 0, width: 0 });
  const { scale, placed, width } = usePlaced(lanes, zoom, seen.width);
  useLayoutEffect(() => {
    const element = frame.current!;
    const look = () => setSeen({ left: element.scrollLeft, width: element.clientWidth });
    const watcher = new ResizeObserver(look);
    watcher.observe(element);
    look();
    return () => watcher.disconnect();
  }, []);
  const inTime = useMemo(() => effectsIn(placed), [placed]);
  const chosen = inTime.findIndex(({ one, key }) => isOf(one.effect, key, at));
  const last = placed.at(-1);
  const move = (event: KeyboardEvent): void => {
    const step = STEPS[event.key];
    if (step === undefined) return;
    event.preventDefault();
    const to = chosen < 0 ? 0 : Math.min(Math.max(chosen + step, 0), inTime.length - 1);
    const next = inTime[to];
    if (next === undefined) return;
    onChoose(refOf(next.one.effect, next.key));
    rollTo(frame.current!, next.one);
  };
  return (
    <div
      ref={frame}
      class="timeline-frame"
      role="listbox"
      aria-label="Effects in the order they began"
      tabIndex={0}
      aria-activedescendant={chosen < 0 ? undefined : `effect-${inTime[chosen]!.one.effect.id}`}
      onScroll={({ currentTarget }) =>
        setSeen({ left: currentTarget.scrollLeft, width: currentTarget.clientWidth })
      }
      onKeyDown={move}
    >
      <div
        class="timeline-inner"
        role="presentation"
        style={{
          width: `${width}px`,
          height: `${AXIS_PX + (last === undefined ? 0 : last.top + last.height)}px`
        }}
      >
        <Axis scale={scale} />
        {placed.map((lane) => (
          <LaneView key={lane.key} lane={lane} seen={seen} at={at} onChoose={onChoose} />
        ))}
      </div>
    </div>
  );
}

interface PlacedTimeline {
  readonly scale: TimeScale;
  readonly placed: readonly PlacedLane[];
  readonly width: number;
}

function usePlaced(lanes: readonly Lane[], zoom: number, seen: number): PlacedTimeline {
  return useMemo(() => {
    const happened = happenedIn(lanes);
    const scale = timeScale(happened, pxPerMsFor(happened, Math.max(seen, 320)) * zoom);
    const width = Math.max(scale.width, seen);
    return { scale, width, placed: placedLanes(lanes, scale, width - 12) };
  }, [lanes, zoom, seen]);
}

function effectsIn(
  lanes: readonly PlacedLane[]
): readonly { readonly one: PlacedEffect; readonly key: string }[] {
  return lanes
    .flatMap(({ key, effects }) => effects.map((one) => ({ one, key })))
    .sort((a, b) => a.one.effect.from - b.one.effect.from);
}

function rollTo(frame: HTMLElement, { x, y }: PlacedEffect): void {
  const isSeen =
    x >= frame.scrollLeft &&
    x < frame.scrollLeft + frame.clientWidth - 100 &&
    y >= frame.scrollTop &&
    y < frame.scrollTop + frame.clientHeight - 60;
  if (!isSeen) frame.scrollTo({ left: x - 100, top: y - frame.clientHeight / 2 });
}

const KINDS: readonly (readonly [string, string])[] = [
  ['state', 'state'],
  ['done', 'effect'],
  ['failed', 'failed'],
  ['run', 'program'],
  ['wait', 'waiting for a lock'],
  ['pause', 'left out']
];

function Legend(): JSX.Element {
  return (
    <ul class="legend" aria-label="Colours">
      {KINDS.map(([kind, text]) => (
        <li key={kind}>
          <span class={`swatch ${kind}`} aria-hidden="true" /> {text}
        </li>
      ))}
    </ul>
  );
}
