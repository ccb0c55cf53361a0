import type { JSX } from 'preact';
import { transitionId } from '../../../charts/parts.ts';
import type { Candidate } from '../../../machines/candidates.ts';
import type { ChartTransition } from '../../../machines/structure.ts';
import type { Chart } from '../state/charts.ts';
import { jsonText } from './json.tsx';

interface TransitionCardProps {
  readonly chart: Chart;
  readonly ids: readonly string[];
  /** Of the arrow, on the page. */
  readonly at: DOMRect;
  readonly candidates: readonly Candidate[];
}

const SHOWN_MAX = 6;
const WIDTH_PX = 320;

/** What stands on an arrow, and what its guards said to the event that is chosen. */
export function TransitionCard({ chart, ids, at, candidates }: TransitionCardProps): JSX.Element {
  const all = transitionsOf(chart);
  const left = Math.max(8, Math.min(at.left + at.width / 2, innerWidth - WIDTH_PX - 8));
  const isHigh = at.bottom + 220 > innerHeight;
  const place = isHigh
    ? { bottom: `${innerHeight - at.top + 8}px` }
    : { top: `${at.bottom + 8}px` };
  return (
    <div class="card" style={{ left: `${left}px`, ...place }} aria-hidden="true">
      {ids.slice(0, SHOWN_MAX).map((id) => {
        const found = all.get(id);
        if (found === undefined) return null;
        const candidate = candidates.find(
          (one) => transitionId(one.source, one.event, one.index) === id
        );
        return <OneTransition key={id} {...found} candidate={candidate} />;
      })}
      {ids.length > SHOWN_MAX && <p class="muted">and {ids.length - SHOWN_MAX} more</p>}
    </div>
  );
}

interface Found {
  readonly event: string | null;
  readonly transition: ChartTransition;
}

function OneTransition({
  event,
  transition,
  candidate
}: Found & { readonly candidate: Candidate | undefined }): JSX.Element {
  const { guard, actions, targets } = transition;
  return (
    <div class="card-part">
      <p>
        <b>{event ?? 'at once'}</b>
        {targets.length > 0 && <> → {targets.join(', ')}</>}
      </p>
      {guard !== null && (
        <p>
          if <code>{guard.type}</code>:{' '}
          {candidate === undefined ? (
            'not asked by this event'
          ) : (
            <b class={`badge ${candidate.answer}`}>{SAYS[candidate.answer]}</b>
          )}
        </p>
      )}
      {candidate !== undefined &&
        Object.entries(candidate.read).map(([name, value]) => (
          <p key={name} class="card-read">
            {name}: {jsonText(value, 80)}
          </p>
        ))}
      {actions.length > 0 && <p class="muted">{actions.map(({ type }) => type).join(', ')}</p>}
    </div>
  );
}

const SAYS: Readonly<Record<Candidate['answer'], string>> = {
  taken: 'yes',
  refused: 'no',
  unasked: 'not asked',
  failed: 'threw'
};

export function transitionsOf({ structure }: Chart): ReadonlyMap<string, Found> {
  const all = new Map<string, Found>();
  for (const { id, on, always } of structure.states) {
    for (const transition of always)
      all.set(transitionId(id, null, transition.index), { event: null, transition });
    for (const { event, candidates } of on) {
      for (const transition of candidates)
        all.set(transitionId(id, event, transition.index), { event, transition });
    }
  }
  return all;
}
