// What a host tells while it works: where actors rest, what was recorded, and what comes.
import { isJsonObject } from '../../../model/json.ts';
import { connect, Refused, type Server } from './server.ts';
import type { Session } from './session.ts';

/** Of what was recorded before; more of one actor is read when it is chosen. */
const HISTORY_MAX = 100_000;
const RETRY_MS = [500, 1_000, 2_000, 5_000];
/** The list is asked for anew this many times as seldom as it takes long. */
const LIST_PART = 20;
const LIST_MIN_MS = 1_000;

/** @param ended aborted when something else is to be shown */
export async function showHost(session: Session, ended: AbortSignal): Promise<void> {
  const { status } = session;
  try {
    const server = await connect();
    const [about, charts] = await Promise.all([server.about(), server.charts()]);
    session.server.set(server);
    session.about.set(about);
    session.charts.set(charts);
    await list(session, server);
    status.set({ kind: 'live' });
  } catch (error) {
    status.set({ kind: 'refused', reason: textOf(error) });
    return;
  }
  const server = session.server.get()!;
  await follow(session, server, ended);
}

async function list({ library }: Session, server: Server): Promise<void> {
  const { actors } = await server.actors();
  await library.list(actors);
}

// Goes on with what comes after a break; the server counts what was lost meanwhile.
async function follow(session: Session, server: Server, ended: AbortSignal): Promise<void> {
  const { status, dropped } = session;
  const relist = listing(session, server, ended);
  let after: number | undefined;
  let failures = 0;
  while (!ended.aborted) {
    try {
      const path = after === undefined ? '/api/feed' : `/api/feed?after=${after}`;
      for await (const text of server.lines(path, ended)) {
        failures = 0;
        if (status.get().kind === 'lost') status.set({ kind: 'live' });
        const told = toldIn(text);
        // What is in the journals is read once nothing more can be missed: it may be told twice.
        if (after === undefined || told.isGap) void readHistory(session, server, ended);
        if (after === undefined) void readChosen(session, server, ended);
        // What had been read when a file came in its place is not of that file.
        if (told.records !== '' && !ended.aborted) {
          await session.library.add(told.records);
          relist();
        }
        after = Math.max(after ?? 0, told.newest);
        if (told.dropped > 0) dropped.set(dropped.get() + told.dropped);
      }
      throw new Error('the inspector has ended');
    } catch (error) {
      if (ended.aborted) return;
      if (error instanceof Refused) {
        status.set({ kind: 'refused', reason: error.message });
        return;
      }
      status.set({ kind: 'lost', reason: textOf(error) });
      await pause(RETRY_MS[Math.min(failures, RETRY_MS.length - 1)]!);
      failures += 1;
    }
  }
}

interface Told {
  readonly records: string;
  readonly newest: number;
  readonly dropped: number;
  readonly isGap: boolean;
}

function toldIn(text: string): Told {
  const records: string[] = [];
  let [newest, dropped, isGap] = [0, 0, false];
  for (const line of text.split('\n')) {
    const value: unknown = line === '' ? null : JSON.parse(line);
    if (!isJsonObject(value)) continue;
    if (typeof value['dropped'] === 'number') dropped += value['dropped'];
    if (typeof value['newest'] === 'number') newest = value['newest'];
    if (typeof value['n'] === 'number') newest = value['n'];
    if (value['gap'] === true) isGap = true;
    if (value['record'] !== undefined) records.push(JSON.stringify(value['record']));
  }
  return { records: records.join('\n'), newest, dropped, isGap };
}

/** What is amiss in the kernel is in the list alone: it is asked for again when something happened. */
function listing(session: Session, server: Server, ended: AbortSignal): () => void {
  let isWaiting = false;
  let waitMs = LIST_MIN_MS;
  return () => {
    if (isWaiting) return;
    isWaiting = true;
    void pause(waitMs).then(async () => {
      isWaiting = false;
      if (ended.aborted) return;
      const begun = performance.now();
      // What keeps it from being had is told by what follows the records.
      await list(session, server).catch(() => undefined);
      waitMs = Math.max(LIST_MIN_MS, (performance.now() - begun) * LIST_PART);
    });
  };
}

async function readHistory(session: Session, server: Server, ended: AbortSignal): Promise<void> {
  const enough = new AbortController();
  const signal = AbortSignal.any([ended, enough.signal]);
  try {
    for await (const text of server.lines('/api/records', signal)) {
      if (ended.aborted) return;
      await session.library.add(text);
      if (session.counts.get().records < HISTORY_MAX) continue;
      session.history.set('part');
      enough.abort();
      return;
    }
    session.history.set('whole');
  } catch {
    if (!ended.aborted) session.history.set('part');
  }
}

/** The whole journal of the actor that is chosen, and of those it has to do with. */
async function readChosen(session: Session, server: Server, ended: AbortSignal): Promise<void> {
  const read = new Set<string>();
  const readOne = async (key: string): Promise<void> => {
    if (key === '' || read.has(key)) return;
    read.add(key);
    try {
      const path = `/api/journal?key=${encodeURIComponent(key)}`;
      for await (const text of server.lines(path, ended)) {
        if (ended.aborted) return;
        await session.library.add(text);
      }
    } catch (error) {
      read.delete(key);
      if (!ended.aborted) session.notice.set(`${key}: ${textOf(error)}`);
    }
  };
  const readAround = async (key: string): Promise<void> => {
    await readOne(key);
    for (const other of await session.library.related(key)) await readOne(other);
  };
  const stop = session.selection.subscribe(({ key }) => void readAround(key));
  ended.addEventListener('abort', stop);
  await readAround(session.selection.get().key);
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
