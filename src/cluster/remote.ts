import { map } from 'rxjs/internal/operators/map';
import type { Container, ContainerList, Mooring, NetworkList, Pruned, Recovered } from '../api.ts';
import { containerList } from '../container-list.ts';
import { engineEventsOf } from '../engine-events.ts';
import { eventsOf, exportOf, journalOf } from '../journals.ts';
import { MooringError } from '../model/failure.ts';
import type { Checked, Examination } from '../model/examination.ts';
import type { Collected } from '../model/garbage.ts';
import type { Json } from '../model/json.ts';
import { parseContainerId } from '../model/names.ts';
import type { NetworkSettings } from '../model/network-settings.ts';
import type { NetworkView } from '../model/network-view.ts';
import type { ContainerStats } from '../model/stats.ts';
import type { ContainerView } from '../model/view.ts';
import type { Cluster } from '../store/cluster.ts';
import { recordsOf } from './records.ts';

/** An `up` may have to wait for plugins and for others first. */
const ANSWER_WITHIN_MS = 600_000;

/** The library of another host: what is recorded is read from the store, the rest its agent does. */
export function remoteMooring(
  cluster: Cluster,
  host: string,
  hosts: () => Mooring['hosts']
): Mooring {
  const view = cluster.at(host);
  const ask = asker(cluster, host);
  const up = async (verb: string, what: unknown, signal?: AbortSignal): Promise<Container> =>
    handle(await ask(verb, [what], signal));
  const mooring: Mooring = {
    up: (input, { signal } = {}) => up('up', input, signal),
    create: (input) => ask<ContainerView>('create', [input]),
    start: (id, { signal } = {}) => up('start', id, signal),
    down: (id, options = {}) => ask('down', [id, options]),
    reload: (id, options = {}) => ask<ContainerView>('reload', [id, options]),
    repair: (id, options = {}) => ask<ContainerView>('repair', [id, options]),
    refresh: (id) => ask<ContainerView>('refresh', [id]),
    connect: (id, network) => ask<ContainerView>('connect', [id, network]),
    disconnect: (id, network) => ask<ContainerView>('disconnect', [id, network]),
    inspect: (id) => ask<ContainerView>('inspect', [id]),
    networkSettings: (id) => ask<NetworkSettings>('networkSettings', [id]),
    stats: (id) => ask<ContainerStats>('stats', [id]),
    examine: (id) => ask<Examination>('examine', [id]),
    check: (id) => ask<Checked>('check', [id]),
    list,
    recover: () => ask<readonly Recovered[]>('recover', []),
    gc: (options = {}) => ask<Collected>('gc', [options]),
    networks: remoteNetworks(ask),
    get hosts() {
      return hosts();
    },
    events$: recordsOf((signal) => view.follow(signal)).pipe(map(({ event }) => event)),
    events: (selection) => eventsOf(view, selection),
    engineEvents: (selection) => engineEventsOf(view, eventsOf(view, selection)),
    journal: (id) => journalOf(view, parseContainerId(id)),
    exportJournals: ({ containers, ...options }) => {
      const wanted = containers === 'all' ? containers : containers.map(parseContainerId);
      return exportOf(view, { ...options, containers: wanted });
    },
    importJournals: () => Promise.reject(notThere(host)),
    close: () => Promise.resolve()
  };
  return mooring;

  async function list(): Promise<ContainerList> {
    const [listed, boot] = await Promise.all([view.list('container'), view.boot()]);
    return containerList(listed, boot);
  }

  function handle(data: Pick<Container, 'id' | 'view' | 'netns'>): Container {
    const { id } = data;
    return {
      ...data,
      async reload() {
        await mooring.reload(id);
      },
      down: () => mooring.down(id)
    };
  }
}

type Ask = <Result>(
  verb: string,
  args: readonly unknown[],
  signal?: AbortSignal
) => Promise<Result>;

function asker(cluster: Cluster, host: string): Ask {
  // What the agent answers is what the verb does: it is the same library.
  return async <Result>(verb: string, args: readonly unknown[], signal?: AbortSignal) =>
    (await cluster.ask(
      host,
      { verb, args: args as readonly Json[] },
      { withinMs: ANSWER_WITHIN_MS, ...(signal && { signal }) }
    )) as Result;
}

function remoteNetworks(ask: Ask): Mooring['networks'] {
  return {
    create: (input) => ask<NetworkView>('networks.create', [input]),
    list: (filters) => ask<NetworkList>('networks.list', [filters ?? []]),
    inspect: (name) => ask<NetworkView>('networks.inspect', [name]),
    remove: (name, options) => ask<string>('networks.remove', [name, options ?? {}]),
    prune: (filters) => ask<Pruned>('networks.prune', [filters ?? []]),
    exists: (name) => ask<boolean>('networks.exists', [name])
  };
}

function notThere(host: string): MooringError {
  return new MooringError(
    'host.notRemote',
    `a journal is imported on the host itself, not on ${host} from here`
  );
}
