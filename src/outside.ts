import { outsideEffects } from './actors/outside.ts';
import {
  askForwarder,
  askRootlessNetns,
  requireGone,
  requireHeld,
  requireOpen
} from './actors/outside-asks.ts';
import type { Registry } from './actors/registry.ts';
import type { Effects } from './effects/effects.ts';
import type { FilesOptions } from './effects/files/files.ts';
import { HOST_PATHS } from './effects/files/host-files.ts';
import { netnsAt } from './effects/netns.ts';
import { uplinkView } from './effects/outside/view.ts';
import type { OutsidePorts } from './effects/ports/ports.ts';
import type { ForwarderContext } from './machines/forwarder.ts';
import type { PortMapping } from './model/container.ts';
import { failureOf } from './model/failure.ts';
import type { Surroundings } from './model/port-handler.ts';
import type { UplinkSpec } from './model/uplink.ts';
import { HOST_NETNS, RESOLV_CONF } from './private-host/mount-plan.ts';
import { outerPath } from './private-host/outer.ts';
import { supervisorDir, type Settings } from './settings.ts';
import type { FindOptions } from './supervisor/find.ts';
import type { Outside } from './supervisor/outside.ts';
import type { NetnsThread } from './syscalls/netns-thread.ts';

type ShareEffects = Pick<Effects, 'network.prepare' | 'network.tidy'>;

/** How the supervisor of these settings is found; for root it is started where there is none. */
export function supervisorOf(settings: Settings): FindOptions {
  const { place, root, store, hostName, allowVulnerableSlirp } = settings;
  const common = { root, store, hostName, allowVulnerableSlirp };
  if (place.kind === 'inside') {
    const { host } = place;
    return { config: { ...common, host, runDir: host.runDir } };
  }
  const runDir = supervisorDir(settings);
  return {
    config: { ...common, host: null, runDir },
    start: { within: [], doing: 'starting the supervisor' }
  };
}

export function isRootless({ place }: Settings): boolean {
  return place.kind === 'inside';
}

/** Where a container's ports are published from. */
export function surroundingsOf(settings: Settings, uplink: UplinkSpec | undefined): Surroundings {
  if (uplink !== undefined) return { kind: 'uplink', uplink };
  return { kind: isRootless(settings) ? 'rootless' : 'host' };
}

/** Where what containers' files are made from is read. */
export function filePaths({ place }: Settings): Pick<FilesOptions, 'paths' | 'outerPaths'> {
  if (place.kind !== 'inside') return { paths: HOST_PATHS };
  return {
    paths: { ...HOST_PATHS, resolvConf: RESOLV_CONF },
    outerPaths: {
      ...HOST_PATHS,
      get resolvConf() {
        return outerPath(HOST_PATHS.resolvConf);
      },
      get resolved() {
        return outerPath(HOST_PATHS.resolved);
      }
    }
  };
}

/** What of a container stands outside, as its chart asks for it. */
export function outsideOfContainers(
  registry: () => Registry,
  thread: NetnsThread,
  outside: Pick<Outside, 'hostAddress'>
) {
  return outsideEffects(registry, {
    hostAddress: () => outside.hostAddress(),
    hostNetns: () => netnsAt(HOST_NETNS),
    viewOf: (uplink, netns) => uplinkView(thread, uplink, netns)
  });
}

/** Ports that are opened by a forwarder, or by a program of the container's own. */
export function outsidePorts(
  registry: () => Registry,
  { choosePorts }: Pick<Outside, 'choosePorts'>
): OutsidePorts {
  return {
    async open(container, ports, taken, context) {
      const forwarded = ports.filter(isForwarded);
      const opened =
        forwarded.length === 0
          ? []
          : await openForwarder(registry(), container, { ports: forwarded, taken }, context);
      const others = ports.filter((mapping) => !isForwarded(mapping));
      const chosen = others.length === 0 ? [] : await choosePorts(others, [...taken, ...opened]);
      // In the order they were asked for.
      const [left, right] = [[...opened], [...chosen]];
      return ports.map((mapping) => (isForwarded(mapping) ? left : right).shift()!);
    },
    async close(container, context) {
      const command = { type: 'forwarder.close', forwarder: container } as const;
      requireGone(await askForwarder(registry(), container, command, context));
    }
  };
}

function isForwarded({ via }: PortMapping): boolean {
  return via === 'forward';
}

async function openForwarder(
  registry: Registry,
  container: string,
  asked: { readonly ports: readonly PortMapping[]; readonly taken: readonly PortMapping[] },
  context: Parameters<OutsidePorts['open']>[3]
): Promise<readonly PortMapping[]> {
  const command = { type: 'forwarder.open', forwarder: container, ...asked } as const;
  const rest = await askForwarder(registry, container, command, context);
  requireOpen(rest, container);
  return (rest.context as ForwarderContext).ports;
}

/**
 * In a private host a network that comes into use has it connected, and the last one that goes has it
 * disconnected: so it is held exactly while a container is attached to anything.
 */
export function connectingNetworks(registry: () => Registry, own: ShareEffects): ShareEffects {
  return {
    async 'network.prepare'(request, context) {
      const { network } = request;
      try {
        requireHeld(await askRootlessNetns(registry(), 'rootlessNetns.hold', network, context));
      } catch (error) {
        const failure = failureOf(error, 'network', `preparing network ${network}`);
        return { type: 'network.prepareFailed', network, failure };
      }
      const fact = await own['network.prepare'](request, context);
      if (fact.type !== 'network.prepared') {
        await askRootlessNetns(registry(), 'rootlessNetns.release', network, context);
      }
      return fact;
    },
    async 'network.tidy'(request, context) {
      const { network } = request;
      const fact = await own['network.tidy'](request, context);
      if (fact.type !== 'network.tidied') return fact;
      try {
        requireGone(await askRootlessNetns(registry(), 'rootlessNetns.release', network, context));
        return fact;
      } catch (error) {
        const failure = failureOf(error, 'network', `tidying network ${network}`);
        return { type: 'network.tidyFailed', network, failure };
      }
    }
  };
}
