import { MACHINES } from '../../../machines/all.ts';
import { structureOf } from '../../../machines/structure.ts';
import type { ActorLine } from './protocol.ts';

/**
 * How a state is to be looked at, from its chart alone: `busy` by its tag, `gone` when it is the one
 * an actor begins in, `amiss` when its name says so or a failure is remembered in it. At a moment of
 * a recording there is the name alone.
 */
export function moodOf(kind: string, state: string, failed: boolean): ActorLine['mood'] {
  const [outermost = ''] = state.split(/[.,]/, 1);
  const known = moods().get(`${kind} ${outermost}`);
  if (known === 'gone') return 'gone';
  if (known === 'busy') return 'busy';
  return failed || AMISS.has(outermost) ? 'amiss' : 'rest';
}

/** Where an actor rests although something is wrong. */
export const AMISS: ReadonlySet<string> = new Set(['failed', 'stuck', 'degraded', 'untidy']);

let found: ReadonlyMap<string, 'busy' | 'gone' | 'rest'> | undefined;

function moods(): ReadonlyMap<string, 'busy' | 'gone' | 'rest'> {
  found ??= new Map(
    Object.entries(MACHINES).flatMap(([kind, { machine }]) => {
      const { states } = structureOf(machine);
      const [root] = states;
      return states
        .filter(({ path }) => path.length === 1)
        .map(({ id, path, tags }) => {
          const mood = id === root?.initial ? 'gone' : tags.includes('busy') ? 'busy' : 'rest';
          return [`${kind} ${path[0]}`, mood] as const;
        });
    })
  );
  return found;
}
