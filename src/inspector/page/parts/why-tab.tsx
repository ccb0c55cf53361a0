import type { JSX } from 'preact';
import { stateText } from '../../model/steps.ts';
import type { Divergence } from '../state/report.ts';
import type { Session } from '../state/session.ts';
import { useStore } from '../state/store.ts';
import type { Detail } from '../worker/protocol.ts';
import { Candidates } from './candidates.tsx';
import { WhatIf } from './what-if.tsx';

/** Why an event did what it did, or nothing: every transition that was tried, and what guards said. */
export function WhyTab({
  detail,
  session
}: {
  readonly detail: Detail;
  readonly session: Session;
}): JSX.Element {
  const { record, step, candidates } = detail;
  const report = useStore(session.report);
  const { key, seq, time } = record;
  const found = report?.divergences.find(
    (one) => one.key === key && one.seq === seq && one.time === time
  );
  const diverged = step?.diverged ?? null;
  return (
    <>
      {found !== undefined && <Diverging divergence={found} />}
      <p>
        <b>{record.event.type}</b> came in <code>{stateText(step?.before ?? record.value)}</code>.
        Transitions are tried from the innermost state outwards; the first whose guard holds is
        taken.
      </p>
      {diverged !== null && <p class="warning">What was tried is not known: {diverged}.</p>}
      <Candidates list={candidates} isKnown={diverged === null} />
      <WhatIf at={{ key, seq, time }} session={session} />
    </>
  );
}

function Diverging({ divergence }: { readonly divergence: Divergence }): JSX.Element {
  const { kind, recorded, current, thrown } = divergence;
  return (
    <div class="warning">
      <p>
        <b>The replay diverges here</b> ({kind}). Recorded: <code>{recorded.state}</code>
        {requestsText(recorded.requests)}. Now: <code>{current.state}</code>
        {requestsText(current.requests)}.
      </p>
      {thrown !== '' && <p>{thrown}</p>}
    </div>
  );
}

function requestsText(requests: readonly string[]): string {
  return requests.length === 0 ? ', asking for nothing' : `, asking for ${requests.join(', ')}`;
}
