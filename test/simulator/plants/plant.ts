import { assign } from 'xstate';
import type { Effects } from '../../../src/effects/effects.ts';
import type { ContainerContext } from '../../../src/machines/container-context.ts';
import type { PlanOptions } from '../../../src/replay/simulator/generate.ts';
import type { Kernel, Thing } from '../../../src/replay/simulator/kernel.ts';
import type { Plants, Site } from '../../../src/replay/simulator/world.ts';
import type { Kind } from '../../../src/store/store.ts';
import { machinesWith, stateIn, type Config } from '../../replay/changed.ts';

/** A failure that somebody's users met, made again in ours. */
export interface Plant {
  /** Where it was reported: `podman#8048`. */
  readonly issue: string;
  /** The first that finds it. */
  readonly seed: number;
  /** What goes wrong, as a user would say. */
  readonly what: string;
  readonly plants: Plants;
  /** What plans must be made of for it to matter. */
  readonly plans?: PlanOptions;
}

type Handlers = {
  readonly [Type in keyof Effects]?: (effect: Effects[Type]) => Effects[Type];
};

/** Handlers in place of some of those that there are. */
export function effects(changes: (site: Site) => Handlers): Plants {
  return {
    effects: (all, site) => {
      const changed = Object.entries(changes(site)).map(([type, change]) => [
        type,
        (change as (effect: unknown) => unknown)(all[type as keyof Effects])
      ]);
      return { ...all, ...Object.fromEntries(changed) } as Effects;
    }
  };
}

/** A chart that is changed, and words of it. */
export function chart(
  kind: Kind,
  change: (config: Config) => void,
  actions: object = {},
  guards: object = {}
): Plants {
  const machines = machinesWith(kind, change, { actions, guards });
  return { machines: () => machines };
}

export function on(config: Config, state: string, event: string): Record<string, unknown> {
  return stateIn(config, state).on![event] as Record<string, unknown>;
}

export function list(config: Config, state: string, event: string): Record<string, unknown>[] {
  return stateIn(config, state).on![event] as Record<string, unknown>[];
}

export function remembering(change: (context: ContainerContext) => Partial<ContainerContext>) {
  return assign(({ context }: { context: ContainerContext }) => change(context));
}

export function leasesOf(kernel: Kernel, of: string): readonly Thing[] {
  return kernel.ofKind('lease').filter((lease) => lease.of === of);
}
