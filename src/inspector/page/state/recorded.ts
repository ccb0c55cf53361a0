// What was recorded, from the page itself or from a file that was given to it.
import { isJsonObject, type Json } from '../../../model/json.ts';
import { countText } from './text.ts';
import type { Charts } from './charts.ts';
import { reportFrom } from './report.ts';
import type { Observed, Session } from './session.ts';

/** The recording that this page was saved with, if it was. */
export function ownRecording(): Blob | undefined {
  const text = document.getElementById('recording')?.textContent;
  if (text === undefined || text === null) return undefined;
  const bytes = Uint8Array.from(atob(text.trim()), (character) => character.charCodeAt(0));
  return new Blob([bytes]);
}

/** Shows what a file holds; a report is shown over what there is already. */
export async function showFile(session: Session, file: Blob, name: string): Promise<void> {
  session.notice.set(`Reading ${name}`);
  const opened = await session.library.open(file);
  const extras = opened.extras.filter(isJsonObject);
  const report = reportFrom(extras);
  if (report !== undefined) {
    session.report.set(report);
    const [first] = report.divergences;
    if (first !== undefined)
      session.select({ key: first.key, at: first, view: 'chart', tab: 'why' });
    session.notice.set(`${name}: ${report.verdict}, ${report.rule}`);
    return;
  }
  for (const extra of extras) takeExtra(session, extra);
  session.status.set({ kind: 'recording', name });
  session.history.set('whole');
  const bad =
    opened.bad === 0
      ? ''
      : `; ${countText(opened.bad, 'line')} can't be read: ${opened.reason ?? ''}`;
  session.notice.set(`${name}: ${countText(opened.records, 'record')}${bad}`);
}

function takeExtra(session: Session, extra: { readonly [name: string]: Json }): void {
  const { charts, observed } = extra;
  if (isJsonObject(charts) && Array.isArray(charts['machines'])) {
    // Of a recording that somebody else made: what is drawn is text, numbers and our own shapes.
    session.charts.set(charts as unknown as Charts);
  }
  if (isJsonObject(observed) && Array.isArray(observed['containers'])) {
    session.observed.set(observed as unknown as Observed);
  }
}
