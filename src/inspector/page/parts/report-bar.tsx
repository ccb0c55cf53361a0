import type { JSX } from 'preact';
import type { Session } from '../state/session.ts';
import { useStore } from '../state/store.ts';

/** What a replay has found, with a way to each record that did not come about as recorded. */
export function ReportBar({ session }: { readonly session: Session }): JSX.Element | null {
  const report = useStore(session.report);
  if (report === null) return null;
  return (
    <div class="report" role="region" aria-label="Replay report">
      <p>
        <b class={`badge ${report.divergences.length > 0 ? 'bad' : 'good'}`}>{report.verdict}</b>{' '}
        {report.rule}
      </p>
      {report.divergences.map((one) => (
        <button
          key={`${one.key} ${one.seq} ${one.time}`}
          class="plain"
          onClick={() =>
            session.select({
              key: one.key,
              at: { key: one.key, seq: one.seq, time: one.time },
              tab: 'why'
            })
          }
        >
          {one.key} record {one.seq}: {one.event}
        </button>
      ))}
      <button class="quiet" onClick={() => session.report.set(null)}>
        Close the report
      </button>
    </div>
  );
}
