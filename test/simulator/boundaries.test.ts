import { describe, expect, it } from 'vitest';
import { MACHINES } from '../../src/testing.ts';
import { structureOf } from '../../src/machines/structure.ts';
import { COURSES, crashing, PLUGIN_FAULTS, refusing } from './boundaries.ts';

const BOUNDARIES = ['after commit', 'before effect', 'after effect', 'before commit'];

/** States in which a plugin runs, by their last name. */
const RUN_PLUGINS = new Set(['adding', 'deleting', 'sweeping', 'examining', 'repairing']);

/** Nothing of the container's own is touched between its commits there. */
const HAS_NO_EFFECT: readonly (readonly [state: RegExp, why: string])[] = [
  [/\.backingOff$/, 'it waits for a time to pass'],
  [/^container (dis)?connecting\.releasing$/, 'it gives back a network, whose own chart is hit']
];

/** Charts of what stands in the host's own network, which a supervisor runs: `test/rootless/crash.test.ts`. */
const BY_SUPERVISOR: ReadonlySet<string> = new Set(['uplink', 'forwarder', 'rootlessNetns']);

const asking = Object.entries(MACHINES)
  .filter(([kind]) => !BY_SUPERVISOR.has(kind))
  .flatMap(([kind, { machine }]) =>
    structureOf(machine)
      .states.filter(({ entry }) => entry.some(({ asks }) => asks))
      .map(({ path }) => `${kind} ${path.join('.')}`)
  );
const hit = new Set<string>();

describe('a crash at every point', () => {
  it.each(COURSES.map((course) => [course.name, course] as const))(
    'of %s leaves nothing behind',
    async (_, course) => {
      let points = 0;
      for await (const { violations, plan, coverage } of crashing(course)) {
        points += 1;
        for (const fault of coverage.faults) hit.add(fault);
        expect(violations, JSON.stringify(plan.faults)).toEqual([]);
      }

      expect(points).toBeGreaterThan(20);
    }
  );

  it('comes to every state that asks for something, at every boundary of that', () => {
    const wanted = asking.flatMap((state) =>
      BOUNDARIES.filter(
        (at) => at.endsWith('commit') || !HAS_NO_EFFECT.some(([exception]) => exception.test(state))
      ).map((at) => `${state} | ${at} | crash`)
    );

    tell('crashes by state and boundary', wanted);
    expect(wanted.filter((one) => !hit.has(one))).toEqual([]);
  });
});

describe('a plugin that fails', () => {
  it.each(PLUGIN_FAULTS)('and %s leaves nothing behind, whenever it does', async (how) => {
    for await (const { violations, plan, coverage } of refusing(how)) {
      for (const fault of coverage.faults) hit.add(fault);
      expect(violations, JSON.stringify(plan)).toEqual([]);
    }
  });

  it('does so in every state in which one runs, in every way', () => {
    const states = asking.filter((state) => RUN_PLUGINS.has(state.split('.').at(-1)!));
    const wanted = states.flatMap((state) =>
      PLUGIN_FAULTS.map((how) => `${state} | during effect | plugin ${how}`)
    );

    tell('faults of plugins by state', wanted);
    expect(wanted.filter((one) => !hit.has(one))).toEqual([]);
  });
});

function tell(what: string, wanted: readonly string[]): void {
  const covered = wanted.filter((one) => hit.has(one)).length;
  process.stdout.write(`${what}: ${covered} of ${wanted.length} covered\n`);
}
