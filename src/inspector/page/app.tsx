import { Component, type ComponentChildren, type JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { ActorPanel } from './parts/actor-panel.tsx';
import { DetailPanel } from './parts/detail.tsx';
import { DropZone } from './parts/drop-zone.tsx';
import { Empty } from './parts/empty.tsx';
import { ExportDialog } from './parts/export-dialog.tsx';
import { Header } from './parts/header.tsx';
import { HelpDialog } from './parts/help-dialog.tsx';
import { Icon } from './parts/icons.tsx';
import { Notice } from './parts/notice.tsx';
import { ReportBar } from './parts/report-bar.tsx';
import { TimeBar } from './parts/time-bar.tsx';
import { listenToKeys } from './state/keys.ts';
import { NARROW, useMedia } from './state/media.ts';
import { VIEWS, type View } from './state/selection.ts';
import type { Session } from './state/session.ts';
import { useStore } from './state/store.ts';
import { ChartView } from './views/chart.tsx';
import { LogView } from './views/log.tsx';
import { SequenceView } from './views/sequence.tsx';
import { TimelineView } from './views/timeline.tsx';
import { TopologyView } from './views/topology.tsx';

const NAMES: Readonly<Record<View, string>> = {
  chart: 'Chart',
  timeline: 'Timeline',
  sequence: 'Sequence',
  log: 'Log',
  topology: 'Topology'
};

export function App({ session }: { readonly session: Session }): JSX.Element {
  const status = useStore(session.status);
  const [dialog, setDialog] = useState<'help' | 'export' | null>(null);
  const [isMenuOpen, setMenuOpen] = useState(false);
  // In one column the details take the place of the view.
  const [isDetail, setDetail] = useState(false);
  const isNarrow = useMedia(NARROW);
  useEffect(() => listenToKeys(session, () => setDialog('help')), [session]);
  return (
    <div class={`app${isMenuOpen ? ' menu-open' : ''}${isDetail ? ' show-detail' : ''}`}>
      <a class="skip" href="#main" onClick={(event) => skip(event)}>
        To the view
      </a>
      <Header
        session={session}
        onMenu={() => setMenuOpen(!isMenuOpen)}
        onHelp={() => setDialog('help')}
        onExport={() => setDialog('export')}
      />
      <ActorPanel session={session} onChoose={() => setMenuOpen(false)} />
      <Views session={session} isDetail={isDetail} onDetail={setDetail} />
      <main id="main" tabIndex={-1}>
        <ReportBar session={session} />
        {status.kind === 'refused' ? (
          <NotConnected reason={status.reason} />
        ) : (
          <CurrentView session={session} />
        )}
      </main>
      <DetailPanel session={session} isMain={isNarrow && isDetail} />
      <TimeBar session={session} />
      <DropZone session={session} />
      <Notice session={session} />
      {dialog === 'help' && <HelpDialog onClose={() => setDialog(null)} />}
      {dialog === 'export' && <ExportDialog session={session} onClose={() => setDialog(null)} />}
    </div>
  );
}

// The address says what is looked at, and is not to be changed by this.
function skip(event: Event): void {
  event.preventDefault();
  document.getElementById('main')?.focus();
}

interface ViewsProps {
  readonly session: Session;
  readonly isDetail: boolean;
  readonly onDetail: (isDetail: boolean) => void;
}

function Views({ session, isDetail, onDetail }: ViewsProps): JSX.Element {
  const { view } = useStore(session.selection);
  const isNarrow = useMedia(NARROW);
  const isOver = isNarrow && isDetail;
  return (
    <nav class="views" aria-label="Views">
      {VIEWS.map((name) => (
        <button
          key={name}
          aria-current={view === name && !isOver ? 'page' : undefined}
          onClick={() => {
            onDetail(false);
            session.select({ view: name });
          }}
        >
          <Icon name={name} />
          {NAMES[name]}
        </button>
      ))}
      {isNarrow && (
        <button aria-current={isOver ? 'page' : undefined} onClick={() => onDetail(true)}>
          Details
        </button>
      )}
    </nav>
  );
}

function CurrentView({ session }: { readonly session: Session }): JSX.Element {
  const { view, key } = useStore(session.selection);
  const status = useStore(session.status);
  const charts = useStore(session.charts);
  return (
    <Guarded key={view} of={[status, charts, key]}>
      {viewOf(view, session)}
    </Guarded>
  );
}

function viewOf(view: View, session: Session): JSX.Element {
  switch (view) {
    case 'chart':
      return <ChartView session={session} />;
    case 'timeline':
      return <TimelineView session={session} />;
    case 'sequence':
      return <SequenceView session={session} />;
    case 'log':
      return <LogView session={session} />;
    case 'topology':
      return <TopologyView session={session} />;
  }
}

function NotConnected({ reason }: { readonly reason: string }): JSX.Element {
  return (
    <Empty title="Not connected">
      <p>{reason}</p>
      <p class="muted">
        A journal or a recording can be looked at without a connection: drop it here.
      </p>
    </Empty>
  );
}

interface GuardedProps {
  readonly children: ComponentChildren;
  /** What is shown: where one thing can't be, another may. */
  readonly of: readonly unknown[];
}

/** A recording may hold what nobody thought of: one view fails, and the others go on. */
class Guarded extends Component<GuardedProps, { readonly error: string | null }> {
  override state = { error: null };

  override componentDidUpdate({ of }: GuardedProps): void {
    const isOther = of.some((one, place) => !Object.is(one, this.props.of[place]));
    if (isOther && this.state.error !== null) this.setState({ error: null });
  }

  static override getDerivedStateFromError(error: unknown): { readonly error: string } {
    return { error: error instanceof Error ? error.message : String(error) };
  }

  override render(): ComponentChildren {
    const { error } = this.state;
    if (error === null) return this.props.children;
    return (
      <Empty title="It can't be shown">
        <p>{error}</p>
      </Empty>
    );
  }
}
