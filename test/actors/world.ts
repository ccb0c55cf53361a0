import { OUTSIDE_REQUESTS } from '../../src/bus/outside-requests.ts';
import { elsewhere } from '../../src/effects/elsewhere.ts';
import { setImmediate as tick } from 'node:timers/promises';
import type { OwnResources } from '../../src/actors/holds.ts';
import type { Effects } from '../../src/effects/effects.ts';
import type { AttachmentPlan, ContainerSpec } from '../../src/model/container.ts';
import type { Drift } from '../../src/model/drift.ts';
import { errorOf, type Failure } from '../../src/model/failure.ts';

/** A host as far as containers can change it; it outlives the processes that play on it. */
export interface World {
  readonly netns: Set<string>;
  /** `web/front` */
  readonly attachments: Set<string>;
  readonly ports: Set<string>;
  readonly files: Set<string>;
  /** Networks prepared and not tidied. */
  readonly networks: Set<string>;
  /** Every effect begun, `cni.add web/front`. */
  readonly log: string[];
  /** Effects that answer with a failure, by their log line. */
  readonly refuse: Map<string, number>;
  /** Called before and after each effect has changed the world; may never resolve. */
  pause: (point: string) => Promise<void>;
}

export function createWorld(): World {
  return {
    netns: new Set(),
    attachments: new Set(),
    ports: new Set(),
    files: new Set(),
    networks: new Set(),
    log: [],
    refuse: new Map(),
    pause: () => tick()
  };
}

/** What is on the host, for comparison. */
export function standing({ netns, attachments, ports, files, networks }: World): readonly string[] {
  return [
    ...[...netns].map((name) => `netns ${name}`),
    ...[...attachments].map((name) => `attachment ${name}`),
    ...[...ports].map((name) => `port ${name}`),
    ...[...files].map((name) => `files ${name}`),
    ...[...networks].map((name) => `network ${name}`)
  ].sort();
}

export function planOf(network: string, ifName: string): AttachmentPlan {
  const raw = {
    cniVersion: '1.0.0',
    name: network,
    plugins: [{ type: 'bridge', bridge: `br-${network}` }]
  };
  return {
    network,
    ifName,
    conflist: {
      name: network,
      cniVersion: '1.0.0',
      disableCheck: false,
      disableGC: false,
      loadOnlyInlinedPlugins: false,
      plugins: [{ type: 'bridge', bridge: `br-${network}` }],
      raw
    },
    args: [],
    capabilityArgs: {}
  };
}

export function specOf(id: string, networks: readonly string[], port?: number): ContainerSpec {
  return {
    id,
    networks: networks.map((network, index) => ({ network, ifName: `eth${index}` })),
    ports:
      port === undefined
        ? []
        : [{ hostIp: '', hostPort: port, containerPort: 80, range: 1, protocol: 'tcp' }]
  };
}

type LeafEffects = Omit<Effects, 'resources.hold' | 'resources.release'>;

/** Changes the world unless it is told to refuse. */
type Perform = (line: string, change: () => void) => Promise<Failure | undefined>;

function performer(world: World): Perform {
  return async (line, change) => {
    world.log.push(line);
    await world.pause(`before ${line}`);
    const refusals = world.refuse.get(line) ?? 0;
    if (refusals > 0) world.refuse.set(line, refusals - 1);
    else change();
    await world.pause(`after ${line}`);
    return refusals > 0 ? { code: 'test.refused', message: `${line} was refused` } : undefined;
  };
}

/** What a container takes for itself. */
export function worldResources(world: World): OwnResources {
  const perform = performer(world);
  const orThrow = async (line: string, change: () => void) => {
    const failure = await perform(line, change);
    if (failure) throw errorOf(failure);
  };

  return {
    async resolve({ container, networks }) {
      await orThrow(`networks.resolve ${container}`, () => undefined);
      return networks.map(({ network, ifName }) => planOf(network, ifName));
    },
    async claimPorts(container, ports) {
      await orThrow(`ports.claim ${container}`, () => {
        if (ports.length > 0) world.ports.add(container);
      });
      return ports;
    },
    handledPorts: (ports) => ports,
    isRootless: false,
    releasePorts: (container) =>
      orThrow(`ports.release ${container}`, () => world.ports.delete(container)),
    removeFiles: (container) =>
      orThrow(`files.remove ${container}`, () => world.files.delete(container)),
    checkStanding: () => Promise.resolve(),
    netnsAt: (path) => ({ path, device: '4', inode: '4026532001' })
  };
}

/** Effects that change the world and nothing else. */
export function worldEffects(world: World): LeafEffects {
  const perform = performer(world);

  return {
    ...elsewhere([...OUTSIDE_REQUESTS, 'outside.hold', 'outside.release']),
    async 'attachments.examine'({ container, attachments }) {
      const failure = await perform(`attachments.examine ${container}`, () => undefined);
      if (failure) return { type: 'attachments.examineFailed', container, failure };
      const drifts = attachments
        .filter(({ network }) => !world.attachments.has(`${container}/${network}`))
        .map(({ network, ifName }): Drift => ({
          network,
          kind: 'link',
          object: ifName,
          text: `interface ${ifName} is gone`
        }));
      return { type: 'attachments.examined', container, drifts, complete: true };
    },
    async 'attachments.repair'({ container }) {
      const failure = await perform(`attachments.repair ${container}`, () => undefined);
      if (failure) return { type: 'attachments.repairFailed', container, failure };
      return { type: 'attachments.repaired', container };
    },
    async 'files.write'({ container }) {
      const failure = await perform(`files.write ${container}`, () => world.files.add(container));
      if (failure) return { type: 'files.writeFailed', container, failure };
      return { type: 'files.written', container, files: null };
    },
    async 'cni.add'({ container, attachment: { network } }) {
      const name = `${container}/${network}`;
      const add = () => {
        if (world.attachments.has(name)) throw new Error(`second ADD of ${name}`);
        if (!world.netns.has(container)) throw new Error(`ADD of ${name} without its netns`);
        world.attachments.add(name);
      };
      const failure = await perform(`cni.add ${name}`, add);
      if (failure) return { type: 'attachment.addFailed', container, network, failure };
      return { type: 'attachment.added', container, network, result: { cniVersion: '1.0.0' } };
    },
    async 'cni.del'({ container, attachment: { network } }) {
      const name = `${container}/${network}`;
      const failure = await perform(`cni.del ${name}`, () => world.attachments.delete(name));
      if (failure) return { type: 'attachment.delFailed', container, network, failure };
      return { type: 'attachment.deleted', container, network };
    },
    async 'firewall.sweep'({ container }) {
      const failure = await perform(`firewall.sweep ${container}`, () => undefined);
      if (failure) return { type: 'firewall.sweepFailed', container, failure };
      return { type: 'firewall.swept', container };
    },
    async 'timer.set'({ container, timer }) {
      await perform(`timer.set ${container}`, () => undefined);
      return { type: 'timer.fired', container, timer };
    },
    async 'netns.create'({ namespace }) {
      const create = () => {
        if (world.netns.has(namespace)) throw new Error(`second netns ${namespace}`);
        world.netns.add(namespace);
      };
      const failure = await perform(`netns.create ${namespace}`, create);
      if (failure) return { type: 'netns.createFailed', namespace, failure };
      return {
        type: 'netns.created',
        namespace,
        netns: { path: `/run/netns/mooring-${namespace}`, device: '4', inode: '4026532000' }
      };
    },
    async 'netns.verify'({ namespace }) {
      const failure = await perform(`netns.verify ${namespace}`, () => undefined);
      if (failure) return { type: 'netns.verifyFailed', namespace, failure };
      return { type: 'netns.verified', namespace };
    },
    async 'netns.remove'({ namespace }) {
      const failure = await perform(`netns.remove ${namespace}`, () =>
        world.netns.delete(namespace)
      );
      if (failure) return { type: 'netns.removeFailed', namespace, failure };
      return { type: 'netns.removed', namespace };
    },
    async 'network.prepare'({ network }) {
      const failure = await perform(`network.prepare ${network}`, () =>
        world.networks.add(network)
      );
      if (failure) return { type: 'network.prepareFailed', network, failure };
      return { type: 'network.prepared', network, baseline: { bridges: [] } };
    },
    async 'network.tidy'({ network }) {
      const failure = await perform(`network.tidy ${network}`, () =>
        world.networks.delete(network)
      );
      if (failure) return { type: 'network.tidyFailed', network, failure };
      return { type: 'network.tidied', network };
    }
  };
}
