import { holdEffects } from '../../actors/holds.ts';
import { lane } from '../../actors/lanes.ts';
import { MACHINES } from '../../actors/machines.ts';
import { createRegistry, type Registry } from '../../actors/registry.ts';
import { createBus } from '../../bus/bus.ts';
import { commandsOf, type Commands } from '../../commands.ts';
import type { Effects } from '../../effects/effects.ts';
import { MooringError } from '../../model/failure.ts';
import { settleAll } from '../../recovery.ts';
import type { Store } from '../../store/store.ts';
import { newOwner } from './clock.ts';
import { simulatedEffects } from './effects.ts';
import { drawFor } from './random.ts';
import { simulatedResources } from './resources.ts';
import { text } from './failure-text.ts';
import type { Plants, SimHost, Site } from './world.ts';

/** A process that uses Mooring, from its start to its death. */
export interface SimProcess {
  readonly site: Site;
  readonly store: Store;
  readonly registry: Registry;
  readonly commands: Commands;
  /** Brings what others left half-way to rest. */
  recover(): Promise<unknown>;
}

export interface ProcessOptions {
  readonly host: SimHost;
  /** `h1.0#2`: host, place, and which life. */
  readonly name: string;
  readonly openStore: (site: Site) => Store;
  /** Told of each point; whether the process dies there. */
  readonly onPoint: Site['reach'];
  readonly plants: Plants;
}

/** A process here is killed, and never asked to end. */
const NEVER_ABORTED = new AbortController().signal;

/** How long a process waits for a lease that another has. */
const LOCK_TIMEOUT_MS = 120_000;

export function startProcess(options: ProcessOptions): SimProcess {
  const { host, name, plants } = options;
  const site = siteOf(options);
  const opened = options.openStore(site);
  const store = plants.store?.(opened, site) ?? opened;
  const bus = createBus((error) =>
    host.watcher.violated('I5', `a subscriber threw: ${text(error)}`)
  );
  const resources = simulatedResources(site, store);
  const own = plants.own?.(resources, site) ?? resources;
  const effects: Effects = Object.assign(
    simulatedEffects(site),
    holdEffects(() => registry, own)
  );
  let ids = 0;
  const registry: Registry = createRegistry({
    store,
    bus,
    effects: plants.effects?.(effects, site) ?? effects,
    machines: plants.machines?.(MACHINES) ?? MACHINES,
    pluginLane: lane(2),
    settleOrphans: (operation, { mode }) => host.programs.settle(operation, mode, site.owner),
    lockTimeoutMs: LOCK_TIMEOUT_MS,
    shutdown: NEVER_ABORTED,
    now: () => Math.round(host.clock.now) + host.skewMs,
    newId: () => {
      ids += 1;
      return `${name}-${ids}`;
    },
    log: {
      debug: () => undefined,
      error: (fields) => {
        const error = errorIn(fields);
        // What kept it from being done is answered as its failure.
        if (error instanceof MooringError) return;
        host.watcher.violated('I5', `a handler threw: ${text(error)}`);
      }
    }
  });
  return {
    site,
    store,
    registry,
    commands: commandsOf({
      store,
      registry,
      ensureDefaultNetwork: () => Promise.resolve(''),
      networkName: (wanted) => Promise.resolve(networkName(host, wanted)),
      startTimeOf: () => undefined,
      readOnly: false
    }),
    recover: () => settleAll({ store, registry })
  };
}

function siteOf({ host, name, onPoint }: ProcessOptions): Site {
  const owner = newOwner(name);
  const { seed, jitter } = host.plan;
  let pauses = 0;
  return {
    host,
    owner,
    process: name,
    reach: (at, what, key) => owner.state === 'dead' || onPoint(at, what, key),
    pause(what, meanMs) {
      pauses += 1;
      const drawn = jitter === 0 ? 0.5 : drawFor(seed, `${name} ${pauses} ${what}`);
      return host.clock.sleep(meanMs * (1 + jitter * (2 * drawn - 1)), owner);
    }
  };
}

function networkName({ networks }: SimHost, wanted: string): string {
  if (networks.some(({ name }) => name === wanted)) return wanted;
  throw new MooringError('network.notFound', `no network is named ${wanted}`);
}

function errorIn(fields: object): unknown {
  return (fields as { readonly err?: unknown }).err ?? fields;
}
