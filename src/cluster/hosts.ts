import type { Container, HostContainers, Hosts, Mooring } from '../api.ts';
import { containerList } from '../container-list.ts';
import { MooringError } from '../model/failure.ts';
import { parseContainerId, parseHostName } from '../model/names.ts';
import type { ContainerView } from '../model/view.ts';
import type { Cluster } from '../store/cluster.ts';
import { clusterEvents } from './events.ts';
import { recordsOf } from './records.ts';
import { remoteMooring } from './remote.ts';

export interface HostsParts {
  readonly cluster: Cluster;
  /** Name of this host. */
  readonly host: string;
  /** The library of this host. */
  readonly own: () => Mooring;
  readonly takeOver: (host: string, container: string) => Promise<ContainerView>;
  readonly handle: (view: ContainerView) => Container;
}

export function hostsOf({ cluster, host: self, own, takeOver, handle }: HostsParts): Hosts {
  return {
    list: () => cluster.hosts(),
    at(name) {
      const host = parseHostName(name);
      return host === self ? own() : remoteMooring(cluster, host, () => own().hosts);
    },
    async containers() {
      const found: HostContainers[] = [];
      // One after the other: each is one answer, and nobody waits for the first.
      for (const status of await cluster.hosts()) {
        const view = cluster.at(status.host);
        const [listed, boot] = await Promise.all([view.list('container'), view.boot()]);
        found.push({ ...status, ...containerList(listed, boot) });
      }
      return found;
    },
    events$: recordsOf((signal) => cluster.followAll(signal)),
    ...clusterEvents(cluster),
    async takeOver(host, container) {
      const from = parseHostName(host);
      if (from !== self) return handle(await takeOver(from, parseContainerId(container)));
      throw new MooringError('host.own', `${container} is on this host, ${host}, already`);
    },
    forget: (host) => cluster.dropHost(parseHostName(host))
  };
}

/** Where one host has the store for itself. */
export function noHosts(): Hosts {
  const refuse = () => Promise.reject(refusal());
  return {
    list: refuse,
    at: () => {
      throw refusal();
    },
    containers: refuse,
    events$: recordsOf(() => {
      throw refusal();
    }),
    events: () => {
      throw refusal();
    },
    engineEvents: () => {
      throw refusal();
    },
    takeOver: refuse,
    forget: refuse
  };
}

function refusal(): MooringError {
  return new MooringError(
    'store.notShared',
    'this store is of one host alone; several share one at redis://…'
  );
}
