import type { JSX } from 'preact';
import { useStore, useAsked } from '../state/store.ts';
import { TABS, type Tab } from '../state/selection.ts';
import type { Session } from '../state/session.ts';
import type { Detail, Ref } from '../worker/protocol.ts';
import { Empty, Waiting } from './empty.tsx';
import { EventTab } from './event-tab.tsx';
import { KernelTab } from './kernel-tab.tsx';
import { StateTab } from './state-tab.tsx';
import { WhyTab } from './why-tab.tsx';

const NAMES: Readonly<Record<Tab, string>> = {
  event: 'Event',
  state: 'State',
  why: 'Why',
  kernel: 'Kernel'
};

interface DetailPanelProps {
  readonly session: Session;
  /** Whether it stands where the view was. */
  readonly isMain: boolean;
}

/** All there is to be told of one record, and of what the kernel holds for its actor. */
export function DetailPanel({ session, isMain }: DetailPanelProps): JSX.Element {
  const { tab, key } = useStore(session.selection);
  const { asked, ref } = useDetail(session);
  return (
    <section class="detail" aria-label="Details" role={isMain ? 'main' : undefined}>
      <h2 class="hidden">Details</h2>
      <div class="tabs" role="tablist" aria-label="Details">
        {TABS.map((name) => (
          <button
            key={name}
            id={`tab-${name}`}
            role="tab"
            aria-selected={tab === name}
            aria-controls="detail-panel"
            tabIndex={tab === name ? 0 : -1}
            onClick={() => session.select({ tab: name })}
            onKeyDown={(event) => moveTab(event, name, session)}
          >
            {NAMES[name]}
          </button>
        ))}
      </div>
      <div
        id="detail-panel"
        class="detail-body"
        role="tabpanel"
        aria-labelledby={`tab-${tab}`}
        tabIndex={0}
      >
        {key === '' && ref === null ? (
          <Empty title="Choose an actor">
            <p>
              Its events, what it remembers, why it did what it did, and what the kernel holds for
              it.
            </p>
          </Empty>
        ) : tab === 'kernel' ? (
          <KernelTab session={session} />
        ) : asked === undefined ? (
          <Waiting what="the record" />
        ) : asked === null ? (
          <Empty title="No record">
            <p>Its journal has not been read yet, or it has none.</p>
          </Empty>
        ) : (
          <Tabbed tab={tab} detail={asked} session={session} />
        )}
      </div>
    </section>
  );
}

function Tabbed({
  tab,
  detail,
  session
}: {
  readonly tab: Tab;
  readonly detail: Detail;
  readonly session: Session;
}): JSX.Element {
  switch (tab) {
    case 'event':
      return <EventTab detail={detail} session={session} />;
    case 'state':
      return <StateTab detail={detail} />;
    case 'why':
      return <WhyTab detail={detail} session={session} />;
    case 'kernel':
      return <KernelTab session={session} />;
  }
}

/** The record that is chosen, or the last of the chosen actor. */
function useDetail(session: Session): {
  readonly asked: Detail | null | undefined;
  readonly ref: Ref | null;
} {
  const { at, key } = useStore(session.selection);
  const { version } = useStore(session.counts);
  const last = useAsked(
    async () => (key === '' ? null : session.library.lastOf(key, at)),
    [key, at, version]
  ).value;
  const ref = at ?? last ?? null;
  const asked = useAsked(
    async () => (ref === null ? null : session.library.detail(ref)),
    [ref?.key, ref?.seq, ref?.time, version]
  );
  return { asked: asked.value, ref };
}

function moveTab(event: KeyboardEvent, from: Tab, session: Session): void {
  const step = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0;
  if (step === 0) return;
  event.preventDefault();
  const to = TABS[(TABS.indexOf(from) + step + TABS.length) % TABS.length]!;
  session.select({ tab: to });
  document.getElementById(`tab-${to}`)?.focus();
}
