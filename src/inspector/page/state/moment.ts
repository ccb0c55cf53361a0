import type { Candidate } from '../../../machines/candidates.ts';
import type { LifeLine } from '../worker/protocol.ts';
import { isSameRef } from './selection.ts';
import type { Session } from './session.ts';
import { useAsked, useStore } from './store.ts';

/** Where the chosen actor is at the moment that is looked at. */
export interface ChartMoment {
  /** Its last record up to then; `null` before its first. */
  readonly line: LifeLine | null;
  /** What was tried for the event of that record. */
  readonly candidates: readonly Candidate[];
}

const NONE: ChartMoment = { line: null, candidates: [] };

export function useMoment(session: Session): ChartMoment {
  const { key, at } = useStore(session.selection);
  const { version } = useStore(session.counts);
  const asked = useAsked(async () => {
    const own = key === '' ? null : await session.library.lastOf(key, at);
    if (own === null) return NONE;
    const life = await session.library.life(key, own);
    const line = life.find((one) => isSameRef(one.ref, own)) ?? null;
    const detail = line === null ? null : await session.library.detail(line.ref);
    return { line, candidates: detail?.candidates ?? [] };
  }, [key, at, version]);
  return asked.value ?? NONE;
}
