import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { useScope } from '../state/scope.ts';
import type { Session } from '../state/session.ts';
import { useAsked, useStore } from '../state/store.ts';
import { dateText } from '../state/text.ts';
import type { Histogram, Moment, Move, Ref } from '../worker/protocol.ts';
import { Icon, type IconName } from './icons.tsx';

const BUCKETS_MAX = 240;

const MOVES: readonly (readonly [Move, IconName, string])[] = [
  ['first', 'first', 'First record'],
  ['previous', 'previous', 'Previous record'],
  ['next', 'next', 'Next record'],
  ['last', 'last', 'Last record'],
  ['failure', 'failure', 'Next failure']
];

/** Moves through what was recorded, record by record. */
export function TimeBar({ session }: { readonly session: Session }): JSX.Element {
  const { at, key, focus } = useStore(session.selection);
  const { version } = useStore(session.counts);
  const status = useStore(session.status);
  const scope = useScope(session);
  const { library } = session;
  const moment = useAsked(() => library.moment(at, scope), [at, scope, version]).value;
  const picture = useAsked(() => library.histogram(scope, BUCKETS_MAX), [scope, version]).value;
  const go = ({ ref }: Moment): void => {
    if (ref === null) return;
    session.select({ at: ref, key: focus && key !== '' ? key : ref.key });
  };
  return (
    <footer class="time-bar" aria-label="Time">
      <Moves
        onMove={(to) => {
          void library.move(at, to, scope).then((found) => {
            const isStuck = to === 'failure' && found.position === moment?.position && at !== null;
            if (isStuck) session.notice.set('There is no failure after this');
            go(found);
          });
        }}
      />
      <div class="track">
        <Picture histogram={picture} />
        <Slider
          moment={moment}
          text={at === null ? 'now' : `${at.key} record ${at.seq}, ${dateText(at.time)}`}
          onMove={(position) => void library.momentAt(position, scope).then(go)}
        />
      </div>
      <Place moment={moment} at={at} />
      <button
        class={`live${at === null ? ' on' : ''}`}
        aria-pressed={at === null}
        onClick={() => session.select({ at: null })}
      >
        {status.kind === 'recording' ? 'End' : 'Live'}
      </button>
      <label class="focus">
        <input
          type="checkbox"
          checked={!focus}
          onChange={({ currentTarget }) => session.select({ focus: !currentTarget.checked })}
        />
        all<span class="more"> actors</span>
      </label>
    </footer>
  );
}

function Moves({ onMove }: { readonly onMove: (to: Move) => void }): JSX.Element {
  return (
    <div class="moves" role="group" aria-label="Move">
      {MOVES.map(([to, icon, label]) => (
        <button key={to} class="quiet" aria-label={label} title={label} onClick={() => onMove(to)}>
          <Icon name={icon} />
        </button>
      ))}
    </div>
  );
}

interface PlaceProps {
  readonly moment: Moment | undefined;
  readonly at: Ref | null;
}

function Place({ moment, at }: PlaceProps): JSX.Element {
  const total = moment?.total ?? 0;
  const place = (moment?.position ?? 0) + 1;
  return (
    <output class="moment" aria-live="off">
      <span class="moment-time">{at === null ? 'now' : dateText(at.time)}</span>
      <span class="muted">
        {total === 0
          ? 'no records'
          : `${place.toLocaleString('en')} of ${total.toLocaleString('en')}`}
      </span>
    </output>
  );
}

interface SliderProps {
  readonly moment: Moment | undefined;
  readonly text: string;
  readonly onMove: (position: number) => void;
}

function Slider({ moment, text, onMove }: SliderProps): JSX.Element {
  const total = moment?.total ?? 0;
  const [held, setHeld] = useState<number | null>(null);
  const position = held ?? moment?.position ?? 0;
  useEffect(() => setHeld(null), [moment?.position]);
  return (
    <input
      type="range"
      aria-label="Moment"
      aria-valuetext={text}
      min={0}
      max={Math.max(0, total - 1)}
      value={position}
      disabled={total === 0}
      onInput={({ currentTarget }) => {
        const to = Number(currentTarget.value);
        setHeld(to);
        onMove(to);
      }}
    />
  );
}

/** Where much happened, and where it failed. */
function Picture({ histogram }: { readonly histogram: Histogram | undefined }): JSX.Element {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [scheme, setScheme] = useState(0);
  useEffect(() => {
    const query = matchMedia('(prefers-color-scheme: dark)');
    const redraw = () => setScheme((before) => before + 1);
    query.addEventListener('change', redraw);
    return () => query.removeEventListener('change', redraw);
  }, []);
  useEffect(() => {
    const element = canvas.current;
    const context = element?.getContext('2d');
    if (!element || !context) return;
    const buckets = histogram?.counts.length ?? 1;
    // Two parts of three are filled, so that each can be told from the next.
    element.width = buckets * 3;
    element.height = 24;
    context.clearRect(0, 0, buckets * 3, 24);
    if (histogram === undefined) return;
    const style = getComputedStyle(element);
    const most = Math.max(...histogram.counts, 1);
    for (const [bucket, count] of histogram.counts.entries()) {
      const failed = histogram.failures[bucket]! > 0;
      context.fillStyle = style.getPropertyValue(failed ? '--bad' : '--bar');
      const height = Math.max(count > 0 ? 2 : 0, Math.round((count / most) * 22));
      context.fillRect(bucket * 3, 24 - height, 2, height);
    }
  }, [histogram, scheme]);
  return <canvas ref={canvas} class="histogram" aria-hidden="true" />;
}
