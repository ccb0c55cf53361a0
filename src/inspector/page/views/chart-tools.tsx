import type { JSX } from 'preact';
import { Icon } from '../parts/icons.tsx';
import type { Chart } from '../state/charts.ts';
import type { Session } from '../state/session.ts';

const ZOOMS = [0.2, 0.35, 0.5, 0.7, 0.85, 1, 1.25, 1.5, 2];

interface ChartToolsProps {
  readonly session: Session;
  readonly chart: Chart;
  readonly charts: readonly Chart[];
  /** Name of the picture that is shown. */
  readonly shown: string;
}

/** Which chart, and which of its pictures. */
export function ChartTools(props: ChartToolsProps): JSX.Element {
  const { session, chart, charts, shown } = props;
  return (
    <div class="toolbar">
      <ChartChoice
        chart={chart}
        charts={charts}
        onChoose={(kind) => session.select({ key: '', at: null, picture: '', state: kind })}
      />
      <PictureChoice
        chart={chart}
        shown={shown}
        onChoose={(name) => session.select({ picture: name, state: '' })}
      />
    </div>
  );
}

function ChartChoice({
  chart,
  charts,
  onChoose
}: {
  readonly chart: Chart;
  readonly charts: readonly Chart[];
  readonly onChoose: (kind: string) => void;
}): JSX.Element {
  return (
    <label class="choice">
      <span class="hidden">Chart</span>
      <select value={chart.kind} onChange={({ currentTarget }) => onChoose(currentTarget.value)}>
        {charts.map(({ kind }) => (
          <option key={kind} value={kind}>
            {kind}
          </option>
        ))}
      </select>
    </label>
  );
}

function PictureChoice({
  chart,
  shown,
  onChoose
}: {
  readonly chart: Chart;
  readonly shown: string;
  readonly onChoose: (name: string) => void;
}): JSX.Element | null {
  if (chart.pictures.length < 2) return null;
  return (
    <div class="pictures" role="group" aria-label="Picture">
      {chart.pictures.map(({ name, key, whole }) => (
        <button
          key={name}
          class="chip"
          aria-pressed={name === shown}
          onClick={() => onChoose(name)}
        >
          {whole ? 'everything' : (key ?? 'map')}
        </button>
      ))}
    </div>
  );
}

export function Zoom({
  zoom,
  onZoom,
  fit
}: {
  readonly zoom: number;
  readonly onZoom: (zoom: number) => void;
  /** The zoom at which the picture is as wide as its frame. */
  readonly fit: () => number;
}): JSX.Element {
  const larger = ZOOMS.find((step) => step > zoom + 0.01);
  const smaller = ZOOMS.findLast((step) => step < zoom - 0.01);
  return (
    <div class="zoom" role="group" aria-label="Size">
      <button
        class="quiet"
        aria-label="Smaller"
        disabled={smaller === undefined}
        onClick={() => onZoom(smaller ?? zoom)}
      >
        <Icon name="minus" />
      </button>
      <span class="muted zoom-text">{Math.round(zoom * 100)} %</span>
      <button
        class="quiet"
        aria-label="Larger"
        disabled={larger === undefined}
        onClick={() => onZoom(larger ?? zoom)}
      >
        <Icon name="plus" />
      </button>
      <button
        class="quiet"
        aria-label="Fit the width"
        title="Fit the width"
        onClick={() => onZoom(fit())}
      >
        <Icon name="fit" />
      </button>
    </div>
  );
}

export function fittedZoom(frame: HTMLElement | null, width: number): number {
  return frame === null ? 1 : Math.min(1.5, Math.max(0.2, (frame.clientWidth - 16) / width));
}
