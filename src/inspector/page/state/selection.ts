// What is looked at, as it stands in the page's address: the same address shows the same.
import type { Ref } from '../worker/protocol.ts';

export const VIEWS = ['chart', 'timeline', 'sequence', 'log', 'topology'] as const;
export type View = (typeof VIEWS)[number];

export const TABS = ['event', 'state', 'why', 'kernel'] as const;
export type Tab = (typeof TABS)[number];

export interface Selection {
  readonly view: View;
  /** `container/web`; `''`: no actor is chosen. */
  readonly key: string;
  /** Record after which everything is shown; `null`: now. */
  readonly at: Ref | null;
  readonly query: string;
  /** Id of a state, `container.creating`; `''`: none is pointed at. */
  readonly state: string;
  /** Name of a picture of the chart; `''`: the one where the actor is. */
  readonly picture: string;
  readonly tab: Tab;
  /** Whether only what the chosen actor has to do with is shown. */
  readonly focus: boolean;
}

export const NOTHING: Selection = {
  view: 'chart',
  key: '',
  at: null,
  query: '',
  state: '',
  picture: '',
  tab: 'event',
  focus: true
};

/** @param fragment of an address, with or without its `#`; what is not understood is left out */
export function selectionFrom(fragment: string): Selection {
  const given = new URLSearchParams(fragment.replace(/^#/, ''));
  const view = given.get('view');
  const tab = given.get('tab');
  const isView = (VIEWS as readonly (string | null)[]).includes(view);
  const isTab = (TABS as readonly (string | null)[]).includes(tab);
  return {
    view: isView ? (view as View) : NOTHING.view,
    key: given.get('key') ?? '',
    at: refFrom(given.get('at')),
    query: given.get('q') ?? '',
    state: given.get('state') ?? '',
    picture: given.get('picture') ?? '',
    tab: isTab ? (tab as Tab) : NOTHING.tab,
    focus: given.get('all') !== '1'
  };
}

/** Without a `#`; what is as it would be anyway is left out. */
export function fragmentOf(selection: Selection): string {
  const { view, key, at, query, state, picture, tab, focus } = selection;
  const parts: (readonly [string, string])[] = [
    ['view', view === NOTHING.view ? '' : view],
    ['key', key],
    ['at', at === null ? '' : refText(at)],
    ['state', state],
    ['picture', picture],
    ['tab', tab === NOTHING.tab ? '' : tab],
    ['q', query],
    ['all', focus ? '' : '1']
  ];
  return parts
    .filter(([, text]) => text !== '')
    .map(([name, text]) => `${name}=${encoded(text)}`)
    .join('&');
}

/** `container/web:17@1764201600000` */
export function refText({ key, seq, time }: Ref): string {
  return `${key}:${seq}@${time}`;
}

function refFrom(text: string | null): Ref | null {
  const [, key, seq, time] = /^(.+):(\d{1,15})@(\d{1,16})$/s.exec(text ?? '') ?? [];
  return key === undefined ? null : { key, seq: Number(seq), time: Number(time) };
}

// Slashes and colons need no escape in a fragment, and are easier to read.
function encoded(text: string): string {
  return encodeURIComponent(text).replace(/%(2F|3A|40|2C)/g, (escape) =>
    decodeURIComponent(escape)
  );
}

export function isSameRef(a: Ref | null, b: Ref | null): boolean {
  return a === b || (a !== null && b !== null && refText(a) === refText(b));
}
