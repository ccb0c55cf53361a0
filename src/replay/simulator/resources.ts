import type { OwnResources } from '../../actors/holds.ts';
import type { EffectContext } from '../../effects/effects.ts';
import type { Netns, PortMapping } from '../../model/container.ts';
import { MooringError } from '../../model/failure.ts';
import type { Json } from '../../model/json.ts';
import type { Store } from '../../store/store.ts';
import { never } from './clock.ts';
import { does } from './does.ts';
import { planOf } from './networks.ts';
import type { Site } from './world.ts';

/** What a container takes for itself: networks that are found, host ports, files. */
export function simulatedResources(site: Site, store: Store): OwnResources {
  const { kernel, networks, isRootless } = site.host;
  /** Release that files are taken away for, by container. */
  const releases = new Map<string, string>();
  return {
    async resolve({ container, networks: wanted }) {
      await does(site, 'networks.resolve', `container/${container}`, []);
      return wanted.map(({ network, ifName }) => {
        const plan = networks.find(({ name }) => name === network);
        if (plan) return planOf(plan, ifName);
        throw new MooringError('network.notFound', `no network is named ${network}`);
      });
    },

    claimPorts: (container, ports, context) =>
      claimPorts(site, store, { container, ports, context }),

    async releasePorts(container, { operation }) {
      releases.set(container, operation);
      await does(site, 'ports.release', `container/${container}`, [
        () => endKeeper(site, container, operation)
      ]);
      await record(site, store, container, []);
    },

    async removeFiles(container) {
      await does(site, 'files.remove', `container/${container}`, [
        () => void kernel.remove('file', container, releases.get(container) ?? '')
      ]);
    },

    handledPorts: (ports) =>
      isRootless ? ports.map((port) => ({ ...port, via: 'forward' })) : ports,
    isRootless,
    checkStanding: () => Promise.resolve(),
    netnsAt: (path): Netns => ({ path, device: '4', inode: '1' })
  };
}

interface Claim {
  readonly container: string;
  readonly ports: readonly PortMapping[];
  readonly context: EffectContext;
}

/** Chooses, records and binds: a port is the container's when all three are done. */
async function claimPorts(
  site: Site,
  store: Store,
  { container, ports, context }: Claim
): Promise<readonly PortMapping[]> {
  const { operation } = context;
  const { kernel } = site.host;
  await does(site, 'ports.claim', `container/${container}`, [
    () => endKeeper(site, container, operation)
  ]);
  if (ports.length === 0) {
    await record(site, store, container, []);
    return ports;
  }
  const chosen = await choose(site, store, container, ports);
  await does(site, 'ports.bind', `container/${container}`, [
    () => {
      const base = { of: container, netns: 0, value: container };
      kernel.add({ kind: 'process', name: `keeper ${container}`, ...base }, operation);
      for (const { hostPort } of chosen) {
        kernel.add({ kind: 'socket', name: String(hostPort), ...base }, operation);
      }
    }
  ]);
  return chosen;
}

async function choose(
  site: Site,
  store: Store,
  container: string,
  ports: readonly PortMapping[]
): Promise<readonly PortMapping[]> {
  for (;;) {
    const { version, entries } = await store.allocations('port');
    const taken = new Set(
      entries.filter(({ owner }) => owner !== container).map(({ entry }) => Number(entry))
    );
    const bound = (port: number) => site.host.kernel.get('socket', String(port)) !== undefined;
    const chosen: PortMapping[] = [];
    for (const mapping of ports) {
      const hostPort = mapping.hostPort === 0 ? freePort(taken, bound) : mapping.hostPort;
      if (taken.has(hostPort) || bound(hostPort)) {
        await record(site, store, container, []);
        throw new MooringError('port.inUse', `host port ${hostPort} for ${container} is in use`);
      }
      taken.add(hostPort);
      chosen.push({ ...mapping, hostPort });
    }
    const own = chosen.map(({ hostPort }) => hostPort);
    if (await allocate(site, store, container, { version, own })) return chosen;
  }
}

function freePort(taken: ReadonlySet<number>, isBound: (port: number) => boolean): number {
  for (let port = 32_768; ; port += 1) if (!taken.has(port) && !isBound(port)) return port;
}

async function record(
  site: Site,
  store: Store,
  container: string,
  own: readonly number[]
): Promise<void> {
  for (;;) {
    const { version, entries } = await store.allocations('port');
    if (own.length === 0 && entries.every(({ owner }) => owner !== container)) return;
    if (await allocate(site, store, container, { version, own })) return;
  }
}

async function allocate(
  site: Site,
  store: Store,
  container: string,
  { version, own }: { readonly version: number; readonly own: readonly Json[] }
): Promise<boolean> {
  const done = await store.allocate('port', version, container, own);
  const key = `container/${container}`;
  return site.reach('after', 'ports.record', key) ? never() : done;
}

function endKeeper({ host }: Site, container: string, operation: string): void {
  for (const { name, of } of host.kernel.ofKind('socket')) {
    if (of === container) host.kernel.remove('socket', name, operation);
  }
  host.kernel.remove('process', `keeper ${container}`, operation);
}
