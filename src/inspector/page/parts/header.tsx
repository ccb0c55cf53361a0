import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { Session } from '../state/session.ts';
import { useStore } from '../state/store.ts';
import { countText } from '../state/text.ts';
import { applyTheme, storedTheme, THEMES, type Theme } from '../state/theme.ts';
import { Icon } from './icons.tsx';
import { Send } from './send.tsx';

export interface HeaderProps {
  readonly session: Session;
  readonly onMenu: () => void;
  readonly onHelp: () => void;
  readonly onExport: () => void;
}

export function Header({ session, onMenu, onHelp, onExport }: HeaderProps): JSX.Element {
  return (
    <header class="top">
      <button class="quiet menu" aria-label="Actors" onClick={onMenu}>
        <Icon name="menu" />
      </button>
      <h1>Mooring</h1>
      <StatusChip session={session} />
      <SearchBox session={session} />
      <div class="top-actions">
        <Send session={session} />
        <button
          class="quiet"
          aria-label="Save a recording"
          title="Save a recording"
          onClick={onExport}
        >
          <Icon name="export" />
        </button>
        <ThemeChoice />
        <button class="quiet" aria-label="Help" title="Help" onClick={onHelp}>
          <Icon name="help" />
        </button>
      </div>
    </header>
  );
}

function StatusChip({ session }: { readonly session: Session }): JSX.Element {
  const status = useStore(session.status);
  const dropped = useStore(session.dropped);
  const { records, bad, reason } = useStore(session.counts);
  const text = {
    loading: 'connecting',
    live: 'live',
    lost: 'connection lost, trying again',
    refused: 'not connected',
    recording: 'recording'
  }[status.kind];
  return (
    <div class="status" role="status">
      <span class={`status-dot ${status.kind}`} aria-hidden="true" />
      <span class="status-text">{text}</span>
      <span class="muted status-count">{countText(records, 'record')}</span>
      {dropped > 0 && (
        <b
          class="badge warn"
          title="The inspector kept only the newest of what came; a container's journal has them all"
        >
          {countText(dropped, 'record')} dropped
        </b>
      )}
      {bad > 0 && (
        <b class="badge bad" title={reason ?? ''}>
          {countText(bad, 'line')} unreadable
        </b>
      )}
    </div>
  );
}

const EXAMPLES = 'is:failed   type:attachment.*   state:/^up/   -kind:network   took:>100   "eth0"';

function SearchBox({ session }: { readonly session: Session }): JSX.Element {
  const { query } = useStore(session.selection);
  const [text, setText] = useState(query);
  useEffect(() => setText(query), [query]);
  useEffect(() => {
    if (text === query) return undefined;
    const timer = setTimeout(() => session.select({ query: text }), 200);
    return () => clearTimeout(timer);
  }, [text]);
  return (
    <div class="search" role="search">
      <Icon name="search" />
      <input
        id="search"
        type="search"
        aria-label="Search"
        placeholder="Search: is:failed key:container/web"
        title={EXAMPLES}
        spellcheck={false}
        autocomplete="off"
        value={text}
        onInput={({ currentTarget }) => setText(currentTarget.value)}
      />
    </div>
  );
}

function ThemeChoice(): JSX.Element {
  const [theme, setTheme] = useState<Theme>(storedTheme());
  const next = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length]!;
  return (
    <button
      class="quiet"
      aria-label={`Colours: ${theme}; change to ${next}`}
      title={`Colours: ${theme}`}
      onClick={() => {
        applyTheme(next);
        setTheme(next);
      }}
    >
      <Icon name="sun" />
    </button>
  );
}
