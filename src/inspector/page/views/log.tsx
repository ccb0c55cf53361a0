import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { Empty, Waiting } from '../parts/empty.tsx';
import { VirtualList } from '../parts/virtual-list.tsx';
import { NARROW, useMedia } from '../state/media.ts';
import { useScope } from '../state/scope.ts';
import type { Session } from '../state/session.ts';
import { useAsked, useStore } from '../state/store.ts';
import { clockText, countText, dateText } from '../state/text.ts';
import type { LogLine, LogPage } from '../worker/protocol.ts';

const ROW_PX = 30;
/** In one column a record takes two lines. */
const TALL_ROW_PX = 46;

/** Every record that a search finds, oldest first. */
export function LogView({ session }: { readonly session: Session }): JSX.Element {
  const { query } = useStore(session.selection);
  const { version } = useStore(session.counts);
  const scope = useScope(session);
  const [range, setRange] = useState({ offset: 0, limit: 60 });
  const { value: page, error } = useAsked(
    () => session.library.log({ query, scope, ...range }),
    [query, scope, range, version]
  );
  return (
    <section class="view log-view" aria-label="Event log">
      <LogState session={session} page={page} error={error} />
      <div class="log-head" aria-hidden="true">
        <span>Time</span>
        <span>Actor</span>
        <span>Event</span>
        <span>Then in</span>
        <span>Asks for</span>
      </div>
      {page === undefined && error === undefined && <Waiting what="the log" />}
      {page?.total === 0 && page.done === 1 && <NoRecords query={query} />}
      {page !== undefined && page.total > 0 && (
        <LogList
          session={session}
          page={page}
          onWindow={(offset, limit) => setRange({ offset, limit })}
        />
      )}
    </section>
  );
}

interface LogStateProps {
  readonly session: Session;
  readonly page: LogPage | undefined;
  readonly error: string | undefined;
}

function LogState({ session, page, error }: LogStateProps): JSX.Element {
  const history = useStore(session.history);
  const isLive = useStore(session.server) !== null;
  return (
    <p class="toolbar" aria-live="polite">
      {page !== undefined && <b>{countText(page.total, 'record')}</b>}
      {page !== undefined && page.done < 1 && (
        <span class="muted">searched {Math.round(page.done * 100)} %</span>
      )}
      {isLive && history === 'reading' && (
        <span class="muted">reading what was recorded before</span>
      )}
      {isLive && history === 'part' && (
        <span class="muted">
          not all that was recorded before is here; choose an actor for the whole of its journal
        </span>
      )}
      {error !== undefined && <span class="fault">{error}</span>}
    </p>
  );
}

function NoRecords({ query }: { readonly query: string }): JSX.Element {
  return (
    <Empty title={query === '' ? 'No records' : 'None is found'}>
      <p>
        {query === ''
          ? 'A record is written for every event that an actor takes.'
          : 'No record is as the search says. It may be too narrow, or look at the chosen actor alone.'}
      </p>
    </Empty>
  );
}

interface LogListProps {
  readonly session: Session;
  readonly page: LogPage;
  readonly onWindow: (offset: number, limit: number) => void;
}

function LogList({ session, page, onWindow }: LogListProps): JSX.Element {
  const { query, at } = useStore(session.selection);
  const { version } = useStore(session.counts);
  const scope = useScope(session);
  const isNarrow = useMedia(NARROW);
  const { library } = session;
  const place = useAsked(
    async () => (at === null ? -1 : library.find({ query, scope, offset: 0, limit: 1 }, at)),
    [query, scope, at, version]
  );
  const chosen = at === null ? -1 : (place.value ?? -1);
  const choose = async (index: number): Promise<void> => {
    const { lines } = await library.log({ query, scope, offset: index, limit: 1 });
    const [line] = lines;
    if (line === undefined) return;
    // In all of them, the one that is looked at becomes the chosen one.
    session.select({ at: line.ref, ...(scope === null && { key: line.ref.key }) });
  };
  return (
    <VirtualList
      label="Records"
      total={page.total}
      rowHeight={isNarrow ? TALL_ROW_PX : ROW_PX}
      window={{ offset: page.offset, items: page.lines }}
      onWindow={onWindow}
      chosen={chosen}
      shown={chosen >= 0 ? chosen : at === null ? page.total - 1 : -1}
      onChoose={(index) => void choose(index)}
      row={(line) => <LogRow line={line} />}
    />
  );
}

function LogRow({ line }: { readonly line: LogLine }): JSX.Element {
  const { ref, type, state, code, command, failed, waited, asks } = line;
  return (
    <div class={`log-row${failed ? ' failed' : ''}`}>
      <time title={dateText(ref.time)}>{clockText(ref.time)}</time>
      <span class="log-key">{ref.key}</span>
      <span class="log-event">
        <span class={`mark ${command ? 'command' : 'fact'}`} title={command ? 'command' : 'fact'}>
          {command ? '▸' : '·'}
        </span>{' '}
        {type}
        {code !== '' && <b class="badge bad">{code}</b>}
        {waited && <b class="badge wait">waited</b>}
      </span>
      <span class="log-state">{state}</span>
      <span class="log-asks">{asks.replaceAll(',', ', ')}</span>
    </div>
  );
}
