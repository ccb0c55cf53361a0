import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { transitionId } from '../../../charts/parts.ts';
import { kindOf } from '../../model/records.ts';
import { activeStates, stateText } from '../../model/steps.ts';
import { Drawing } from '../parts/drawing.tsx';
import { Empty, Waiting } from '../parts/empty.tsx';
import { StateTree } from '../parts/state-tree.tsx';
import { TransitionCard } from '../parts/transition-card.tsx';
import { Why } from '../parts/why.tsx';
import { pictureFor, type Chart, type ChartPicture } from '../state/charts.ts';
import { useMoment, type ChartMoment } from '../state/moment.ts';
import type { Session } from '../state/session.ts';
import { useStore } from '../state/store.ts';
import type { LifeLine } from '../worker/protocol.ts';
import { ChartTools, fittedZoom, Zoom } from './chart-tools.tsx';

/** The chart of the chosen actor's kind, with where it is and how it came there. */
export function ChartView({ session }: { readonly session: Session }): JSX.Element {
  const charts = useStore(session.charts);
  const { key, state } = useStore(session.selection);
  const moment = useMoment(session);
  if (charts === null) return <NoCharts session={session} />;
  const kind = key === '' ? (state.split('.')[0] ?? '') : kindOf(key);
  const chart = charts.machines.find((machine) => machine.kind === kind) ?? charts.machines[0];
  if (chart === undefined) return <NoCharts session={session} />;
  return (
    <ChartOf
      session={session}
      chart={chart}
      charts={charts.machines}
      moment={moment}
      isChosen={kind === chart.kind && key !== ''}
    />
  );
}

function NoCharts({ session }: { readonly session: Session }): JSX.Element {
  const status = useStore(session.status);
  if (status.kind === 'loading') return <Waiting what="the charts" />;
  return (
    <Empty title="No charts">
      <p>This journal was saved without them. The other views show what is in it.</p>
    </Empty>
  );
}

interface ChartOfProps {
  readonly session: Session;
  readonly chart: Chart;
  readonly charts: readonly Chart[];
  readonly moment: ChartMoment;
  /** Whether an actor of that kind is chosen. */
  readonly isChosen: boolean;
}

function ChartOf({ session, chart, charts, moment, isChosen }: ChartOfProps): JSX.Element {
  const { state, picture } = useStore(session.selection);
  const [zoom, setZoom] = useState(1);
  const frame = useRef<HTMLDivElement>(null);
  const machine = chart.structure.id;
  const own = isChosen ? moment : NO_MOMENT;
  const active = own.line === null ? [] : activeStates(machine, own.line.value);
  const pointed = state === '' ? (active.at(-1) ?? '') : state;
  const shown =
    chart.pictures.find(({ name }) => name === picture) ??
    pictureFor(chart, pointed) ??
    chart.pictures[0]!;
  useEffect(() => rollTo(frame.current, pointed), [pointed, shown.name, zoom]);
  const choose = (id: string): void => {
    const inner = shown.whole ? undefined : insideOf(chart, id);
    session.select({ state: id, picture: inner?.name ?? picture });
  };
  return (
    <section class="view chart-view" aria-label="Chart">
      <ChartTools {...{ session, chart, charts }} shown={shown.name} />
      <div class="trace-bar">
        <TraceLine line={own.line} session={session} />
        <Zoom
          zoom={zoom}
          onZoom={setZoom}
          fit={() => fittedZoom(frame.current, shown.layout.width)}
        />
      </div>
      <div
        class="drawing-frame"
        ref={frame}
        tabIndex={0}
        role="group"
        aria-label={`Picture of ${shown.name}`}
      >
        <Picture
          {...{ chart, shown, zoom, active, pointed: state }}
          moment={own}
          onState={choose}
        />
      </div>
      <Below {...{ chart, active, pointed }} moment={own} onState={choose} />
    </section>
  );
}

/** The picture of what is within a state. */
function insideOf({ pictures, structure }: Chart, id: string): ChartPicture | undefined {
  return pictures.find(({ key }) => key !== null && `${structure.id}.${key}` === id);
}

const NO_MOMENT: ChartMoment = { line: null, candidates: [] };

type BelowProps = Omit<PictureProps, 'shown' | 'zoom'>;

/** What the picture says, for who does not look at pictures; and why. */
function Below({ chart, active, pointed, moment, onState }: BelowProps): JSX.Element {
  return (
    <div class="below">
      <details class="fold">
        <summary>As text</summary>
        <StateTree
          chart={chart}
          active={active}
          pointed={pointed}
          taken={moment.line?.taken ?? []}
          candidates={moment.candidates}
          onChoose={onState}
        />
      </details>
      {chart.why !== '' && (
        <details class="fold">
          <summary>Why it is as it is</summary>
          <Why text={chart.why} />
        </details>
      )}
    </div>
  );
}

interface PictureProps {
  readonly chart: Chart;
  readonly shown: ChartPicture;
  readonly zoom: number;
  readonly active: readonly string[];
  readonly moment: ChartMoment;
  readonly pointed: string;
  readonly onState: (id: string) => void;
}

function Picture(props: PictureProps): JSX.Element {
  const { chart, shown, zoom, active, moment, pointed, onState } = props;
  const { line, candidates } = moment;
  const [hovered, setHovered] = useState<Hovered | null>(null);
  const refused = candidates
    .filter(({ answer }) => answer === 'refused')
    .map(({ source, event, index }) => transitionId(source, event, index));
  return (
    <>
      <Drawing
        layout={shown.layout}
        title={titleOf(chart, shown.key, active)}
        zoom={zoom}
        active={active}
        taken={line?.taken ?? NONE}
        refused={refused}
        pointed={pointed}
        onState={onState}
        onTransitions={(ids, at) =>
          setHovered(ids.length === 0 || at === null ? null : { ids, at })
        }
      />
      {hovered !== null && (
        <TransitionCard chart={chart} ids={hovered.ids} at={hovered.at} candidates={candidates} />
      )}
    </>
  );
}

const NONE: readonly string[] = [];

interface Hovered {
  readonly ids: readonly string[];
  readonly at: DOMRect;
}

function titleOf({ structure }: Chart, key: string | null, active: readonly string[]): string {
  const what =
    key === null ? `The ${structure.id} statechart` : `Within the state ${key} of ${structure.id}`;
  if (active.length === 0) return what;
  return `${what}; active: ${active.slice(1).join(', ')}. The same as text stands below.`;
}

interface TraceLineProps {
  readonly line: LifeLine | null;
  readonly session: Session;
}

function TraceLine({ line, session }: TraceLineProps): JSX.Element {
  const { key } = useStore(session.selection);
  return (
    <p class="trace" aria-live="polite">
      {line === null ? (
        <span class="muted">
          {key === '' ? 'Choose an actor to see where it is' : 'No record of it is read yet'}
        </span>
      ) : (
        <Trace line={line} />
      )}
    </p>
  );
}

function Trace({ line }: { readonly line: LifeLine }): JSX.Element {
  const { type, taken, diverged, value } = line;
  return (
    <>
      <b>{type}</b> {taken.length === 0 && diverged === null ? 'changed nothing in' : 'led to'}{' '}
      <code>{stateText(value)}</code>{' '}
      {diverged !== null && <span class="badge warn">not by this chart: {diverged}</span>}
    </>
  );
}

/** So that a state is in sight, whatever else is. */
function rollTo(frame: HTMLElement | null, state: string): void {
  if (frame === null || state === '') return;
  const found = frame.querySelector<SVGElement>(`[data-state="${CSS.escape(state)}"]`);
  if (found === null) return;
  const [box, around] = [found.getBoundingClientRect(), frame.getBoundingClientRect()];
  const isSeen =
    box.top >= around.top &&
    box.bottom <= around.bottom &&
    box.left >= around.left &&
    box.right <= around.right;
  if (isSeen) return;
  frame.scrollTo({
    left: frame.scrollLeft + box.left - around.left - (around.width - box.width) / 2,
    top:
      frame.scrollTop +
      box.top -
      around.top -
      (around.height - Math.min(box.height, around.height)) / 2
  });
}
