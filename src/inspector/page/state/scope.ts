import type { Scope } from '../worker/protocol.ts';
import type { Selection } from './selection.ts';
import type { Session } from './session.ts';
import { useStore } from './store.ts';

/** Records that are looked at: around the chosen actor, or all of them. */
export function scopeOf({ key, focus }: Selection): Scope {
  return focus && key !== '' ? key : null;
}

export function useScope(session: Session): Scope {
  return scopeOf(useStore(session.selection));
}
