import { showHost } from './live.ts';
import { ownRecording, showFile } from './recorded.ts';
import type { Charts } from './charts.ts';
import type { Session } from './session.ts';

let shown = new AbortController();
/** That the page came with; a recording's are for itself alone. */
let own: Charts | null | undefined;

/** What the page was opened for: the recording within it, or the host that serves it. */
export async function showSource(session: Session): Promise<void> {
  const recording = ownRecording();
  if (recording !== undefined) return showFile(session, recording, 'recording');
  if (location.protocol === 'file:') {
    session.status.set({ kind: 'refused', reason: 'This page has no recording in it.' });
    return;
  }
  return showHost(session, shown.signal);
}

/** A file that was given to the page, in place of what was shown; a report is laid over it. */
export async function openFile(session: Session, file: Blob, name: string): Promise<void> {
  const { library, notice } = session;
  try {
    if (!(await isReport(file))) {
      if (own === undefined) own = session.charts.get();
      session.charts.set(own);
      shown.abort();
      shown = new AbortController();
      await library.clear();
      await library.list([]);
      session.server.set(null);
      session.about.set(null);
      session.report.set(null);
      session.observed.set(null);
      session.dropped.set(0);
      session.select({ key: '', at: null, query: '', state: '', picture: '' });
    }
    await showFile(session, file, name);
  } catch (error) {
    notice.set(`${name}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

// The library tells the verdict of one file; the command line an array of files, each with its name.
async function isReport(file: Blob): Promise<boolean> {
  return /^\s*\[?\s*\{\s*"(verdict|file)"/.test(await file.slice(0, 256).text());
}
