import type { SeenHost } from '../../../model/seen.ts';
import type { NetworkView } from '../../../model/network-view.ts';
import type { ContainerView } from '../../../model/view.ts';
import type { Counts } from '../worker/protocol.ts';
import type { Charts } from './charts.ts';
import type { Report } from './report.ts';
import { fragmentOf, NOTHING, selectionFrom, type Selection } from './selection.ts';
import type { About, Server } from './server.ts';
import { store, type Store } from './store.ts';
import { libraryOf, startWorker, type Library } from './worker-client.ts';

/** Where what is shown comes from, and how that goes. */
export type Status =
  | { readonly kind: 'loading' }
  | { readonly kind: 'live' }
  /** It was live; it is tried again. */
  | { readonly kind: 'lost'; readonly reason: string }
  | { readonly kind: 'refused'; readonly reason: string }
  | { readonly kind: 'recording'; readonly name: string };

/** What a recording holds of the kernel at its end. */
export interface Observed {
  readonly seen: SeenHost | null;
  readonly containers: readonly ContainerView[];
  readonly networks: readonly NetworkView[];
}

/** Everything that the page works with. */
export interface Session {
  readonly library: Library;
  readonly counts: Store<Counts>;
  readonly selection: Store<Selection>;
  readonly status: Store<Status>;
  readonly charts: Store<Charts | null>;
  /** Absent in a recording. */
  readonly server: Store<Server | null>;
  readonly about: Store<About | null>;
  readonly observed: Store<Observed | null>;
  readonly report: Store<Report | null>;
  /** Records that were dropped before they could be told. */
  readonly dropped: Store<number>;
  /** Whether all that was recorded before has been read. */
  readonly history: Store<'reading' | 'whole' | 'part'>;
  /** A line for who uses the page, also for who can't see it. */
  readonly notice: Store<string>;
  /** Looks at something else; the address says so. */
  select(change: Partial<Selection>): void;
}

const NO_COUNTS: Counts = {
  ...{ records: 0, actors: 0, bad: 0, reason: null, first: 0, last: 0, version: 0 }
};

export function openSession(): Session {
  const counts = store(NO_COUNTS);
  const selection = store<Selection>(selectionFrom(location.hash));
  const session: Session = {
    library: libraryOf(startWorker(), counts),
    ...{ counts, selection },
    status: store<Status>({ kind: 'loading' }),
    charts: store<Charts | null>(null),
    server: store<Server | null>(null),
    about: store<About | null>(null),
    observed: store<Observed | null>(null),
    report: store<Report | null>(null),
    dropped: store(0),
    history: store<'reading' | 'whole' | 'part'>('reading'),
    notice: store(''),
    select(change) {
      const next = { ...selection.get(), ...change };
      const fragment = fragmentOf(next);
      // Scrubbing through a thousand records is not a thousand pages to go back through.
      const isOtherPage = next.view !== selection.get().view || next.key !== selection.get().key;
      const address = `${location.pathname}${location.search}#${fragment}`;
      if (isOtherPage) history.pushState(null, '', address);
      else history.replaceState(null, '', address);
      selection.set(next);
    }
  };
  addEventListener('hashchange', () => selection.set(selectionFrom(location.hash)));
  addEventListener('popstate', () => selection.set(selectionFrom(location.hash)));
  return session;
}

export { NOTHING };
