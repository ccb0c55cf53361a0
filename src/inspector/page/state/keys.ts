import { keep, kept } from './theme.ts';
import { VIEWS } from './selection.ts';
import type { Session } from './session.ts';
import type { Move } from '../worker/protocol.ts';
import { scopeOf } from './scope.ts';

/** Single keys, which some people's tools would press for them: they can be turned off. */
export const SHORTCUTS = [
  { keys: '/', text: 'search' },
  { keys: '1 – 5', text: 'chart, timeline, sequence, log, topology' },
  { keys: '[ ]', text: 'previous and next record' },
  { keys: 'f', text: 'next failure' },
  { keys: 'l', text: 'now' },
  { keys: '?', text: 'this help' }
] as const;

const KEY = 'mooring.keys';

export function shortcutsAreOn(): boolean {
  return kept(KEY) !== 'off';
}

export function turnShortcuts(isOn: boolean): void {
  keep(KEY, isOn ? 'on' : 'off');
}

const MOVES: Readonly<Record<string, Move>> = { '[': 'previous', ']': 'next', f: 'failure' };

/** @returns what stops it */
export function listenToKeys(session: Session, onHelp: () => void): () => void {
  const listen = (event: KeyboardEvent): void => {
    if (
      !shortcutsAreOn() ||
      event.ctrlKey ||
      event.metaKey ||
      event.altKey ||
      isTyping(event.target)
    )
      return;
    if (document.querySelector('dialog[open]') !== null) return;
    if (!act(event.key, session, onHelp)) return;
    event.preventDefault();
  };
  addEventListener('keydown', listen);
  return () => removeEventListener('keydown', listen);
}

function act(key: string, session: Session, onHelp: () => void): boolean {
  const view = VIEWS[Number(key) - 1];
  const move = MOVES[key];
  if (view !== undefined) session.select({ view });
  else if (move !== undefined) void moveBy(session, move);
  else if (key === 'l') session.select({ at: null });
  else if (key === '?') onHelp();
  else if (key === '/') document.getElementById('search')?.focus();
  else return false;
  return true;
}

async function moveBy(session: Session, to: Move): Promise<void> {
  const selection = session.selection.get();
  const { ref } = await session.library.move(selection.at, to, scopeOf(selection));
  if (ref !== null) session.select({ at: ref });
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.closest('input, textarea, select') !== null;
}
