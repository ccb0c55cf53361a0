import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { idOf, kindOf } from '../../model/records.ts';
import type { Session } from '../state/session.ts';
import { useAsked, useStore } from '../state/store.ts';
import { clockText, countText, dateText } from '../state/text.ts';
import type { ActorLine, ActorPage, ActorSort } from '../worker/protocol.ts';
import { Empty, Waiting } from './empty.tsx';
import { VirtualList } from './virtual-list.tsx';

const ROW_PX = 44;

const SORTS: readonly (readonly [ActorSort, string])[] = [
  ['state', 'what is amiss first'],
  ['name', 'by name'],
  ['kind', 'by kind'],
  ['since', 'newest first']
];

interface ActorPanelProps {
  readonly session: Session;
  readonly onChoose: () => void;
}

/** Every actor, as it rested at the moment that is looked at. */
export function ActorPanel({ session, onChoose }: ActorPanelProps): JSX.Element {
  const { at, query } = useStore(session.selection);
  const { version } = useStore(session.counts);
  const status = useStore(session.status);
  const [sort, setSort] = useState<ActorSort>('state');
  const [range, setRange] = useState({ offset: 0, limit: 40 });
  const terms = actorTerms(query);
  const ask = (offset: number, limit: number) =>
    session.library.actors({ query: terms, at, sort, descending: false, offset, limit });
  const { value: page, error } = useAsked(
    () => ask(range.offset, range.limit),
    [terms, at, sort, range, version]
  );
  return (
    <section class="actors" aria-labelledby="actors-title">
      <header class="panel-head">
        <h2 id="actors-title">Actors</h2>
        <span class="muted">{page?.total.toLocaleString('en')}</span>
        <SortChoice sort={sort} onSort={setSort} />
      </header>
      {page !== undefined && page.states.length > 0 && (
        <StateChips
          states={page.states}
          query={query}
          onQuery={(next) => session.select({ query: next })}
        />
      )}
      {error !== undefined && <p class="fault">{error}</p>}
      {page === undefined && status.kind !== 'refused' && <Waiting what="actors" />}
      {page?.total === 0 && <NoActors query={query} />}
      {page !== undefined && page.total > 0 && (
        <ActorList
          session={session}
          page={page}
          lineAt={async (offset) => (await ask(offset, 1)).lines[0]}
          onWindow={(offset, limit) => setRange({ offset, limit })}
          onChoose={onChoose}
        />
      )}
    </section>
  );
}

interface ActorListProps extends ActorPanelProps {
  readonly page: ActorPage;
  /** Of those that are not seen; `undefined` when there are fewer by now. */
  readonly lineAt: (index: number) => Promise<ActorLine | undefined>;
  readonly onWindow: (offset: number, limit: number) => void;
}

function ActorList(props: ActorListProps): JSX.Element {
  const { session, page, lineAt, onWindow, onChoose } = props;
  const { key } = useStore(session.selection);
  const { lines, offset, total } = page;
  // Where a key has led, which may be far from what was seen.
  const [place, setPlace] = useState({ key: '', index: -1 });
  const led = place.key === key ? place.index : -1;
  const seen = lines.findIndex((line) => line.key === key);
  const choose = async (index: number): Promise<void> => {
    const line = lines[index - offset] ?? (await lineAt(index));
    if (line === undefined) return;
    const { at, focus } = session.selection.get();
    const stays = at?.key === line.key || focus ? null : at;
    setPlace({ key: line.key, index });
    session.select({ key: line.key, picture: '', state: '', at: stays });
    onChoose();
  };
  return (
    <VirtualList
      label="Actors"
      total={total}
      rowHeight={ROW_PX}
      window={{ offset, items: lines }}
      onWindow={onWindow}
      chosen={seen < 0 ? led : offset + seen}
      shown={led}
      onChoose={(index) => void choose(index)}
      row={(line) => <ActorRowView line={line} />}
    />
  );
}

interface SortChoiceProps {
  readonly sort: ActorSort;
  readonly onSort: (sort: ActorSort) => void;
}

function SortChoice({ sort, onSort }: SortChoiceProps): JSX.Element {
  return (
    <label class="sort">
      <span class="hidden">Order</span>
      <select
        value={sort}
        onChange={({ currentTarget }) => onSort(currentTarget.value as ActorSort)}
      >
        {SORTS.map(([name, text]) => (
          <option key={name} value={name}>
            {text}
          </option>
        ))}
      </select>
    </label>
  );
}

/** Terms that speak of records alone would leave no actor. */
function actorTerms(query: string): string {
  return query
    .split(/\s+/)
    .filter(
      (word) =>
        /^-?(?:key|kind|id|state|code|is):/.test(word) && !/is:(?:command|fact|wait)/.test(word)
    )
    .join(' ');
}

interface ChipsProps {
  readonly states: readonly (readonly [string, number])[];
  readonly query: string;
  readonly onQuery: (query: string) => void;
}

const CHIPS_MAX = 6;

function StateChips({ states, query, onQuery }: ChipsProps): JSX.Element {
  return (
    <div class="chips" role="group" aria-label="States">
      {states.slice(0, CHIPS_MAX).map(([state, count]) => {
        const term = `state:${state}`;
        const isOn = query.split(/\s+/).includes(term);
        const words = query.split(/\s+/).filter((word) => word !== '' && word !== term);
        return (
          <button
            key={state}
            class="chip"
            aria-pressed={isOn}
            onClick={() => onQuery((isOn ? words : [...words, term]).join(' '))}
          >
            {state} <b>{count.toLocaleString('en')}</b>
          </button>
        );
      })}
    </div>
  );
}

function ActorRowView({ line }: { readonly line: ActorLine }): JSX.Element {
  const { key, state, mood, since, failure, drifts, stale } = line;
  return (
    <div class="actor">
      <span class={`dot ${mood}`} aria-hidden="true" />
      <span class="actor-name">
        <span class="actor-id">{idOf(key)}</span>
        <span class="actor-kind">
          {kindOf(key)}
          {drifts > 0 && <b class="badge bad">{countText(drifts, 'drift')}</b>}
          {failure !== null && <b class="badge bad">{failure}</b>}
          {stale && <b class="badge warn">before the last boot</b>}
        </span>
      </span>
      <span class="actor-state">
        <span class={`state-text ${mood}`}>{state}</span>
        <time class="muted" title={dateText(since)}>
          {clockText(since).slice(0, 8)}
        </time>
      </span>
    </div>
  );
}

function NoActors({ query }: { readonly query: string }): JSX.Element {
  if (query !== '') {
    return (
      <Empty title="None is found">
        <p>No actor is as the search says.</p>
      </Empty>
    );
  }
  return (
    <Empty title="Nothing is here yet">
      <p>
        An actor appears when something is done: <code>mooring up web</code>. Or drop a journal on
        this page.
      </p>
    </Empty>
  );
}
