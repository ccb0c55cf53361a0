import { map } from 'rxjs/internal/operators/map';
import type * as api from './api.ts';
import type {
  Container,
  Hosts,
  MooringOptions,
  Networks,
  Recovered,
  RecoverOptions,
  UpInput
} from './api.ts';
import type { Agent } from './agent/agent.ts';
import type { Inspector, InspectorOptions } from './inspecting.ts';
import type { Registry } from './actors/registry.ts';
import { hostsOf, noHosts } from './cluster/hosts.ts';
import { reconciled, serveCluster } from './cluster/serving.ts';
import { takeOver } from './cluster/take-over.ts';
import { commandsOf, type Commands } from './commands.ts';
import { statOf } from './effects/process/proc.ts';
import { MooringError } from './model/failure.ts';
import type { Finding } from './model/finding.ts';
import type { ContainerStats } from './model/stats.ts';
import type { ContainerView } from './model/view.ts';
import { privateHostFindings, TUN } from './private-host/findings.ts';
import { currentUser, PRECONDITION_PATHS } from './private-host/preconditions.ts';
import { NETNS_DIR, settingsOf } from './settings.ts';
import { compose, type Parts } from './compose.ts';
import { parseContainerId } from './model/names.ts';
import { containerList } from './container-list.ts';
import { engineEventsOf } from './engine-events.ts';
import { eventsOf, exportOf, importFrom, journalOf } from './journals.ts';
import { networkSettingsOf } from './network-settings.ts';
import { withRemoval } from './network-removal.ts';
import { usersOf } from './networks.ts';
import { readOnly } from './read-only.ts';
import { settleAll } from './recovery.ts';

export type Mooring = api.Mooring;

/** `Mooring.open()`: the way in. */
export const Mooring = { open: openMooring } as const;

/**
 * Opens the library on a state directory.
 *
 * Nothing on the host changes until a container is brought up. Any number of processes
 * may have the same directory open.
 *
 * @throws MooringError `store.badRoot`, `store.badFormat`, `store.unknown`, `mooring.badOption`,
 *   `rootless.outside` for a user without root, unless it is opened to be read only
 */
export async function openMooring(options: MooringOptions = {}): Promise<Mooring> {
  return openComposed(await composeHere(options));
}

function composeHere(options: MooringOptions): Promise<Parts> {
  const { place, root, readOnly } = settingsOf(options);
  if (place.kind !== 'outside' || readOnly) return compose(options);
  throw new MooringError(
    'rootless.outside',
    `user ${place.uid} is not root, and this process is outside of the private host of ${root}: run it by \`mooring unshare -- …\``
  );
}

/**
 * Starts the long-running process that watches the host for a state directory: rules that others
 * take away are put back, and what can't be put back makes its container `degraded`.
 *
 * @throws MooringError `agent.running`, and as `openMooring`
 */
export async function openAgent(options: MooringOptions = {}): Promise<Agent> {
  // Loaded when it is wanted: few processes are agents.
  const { startAgent } = await import('./agent/agent.ts');
  const parts = await composeHere(options);
  const mooring = openComposed(parts);
  try {
    const { store, kept, log, settings } = parts;
    const { compare } = parts.examiner;
    const agent = await startAgent({
      ...{ mooring, compare, store, kept, settings, log },
      netnsDir: NETNS_DIR
    });
    const served = parts.sharing && (await serveCluster({ ...parts.sharing, mooring, log }));
    return {
      async close() {
        await served?.close();
        await agent.close();
        await mooring.close();
      }
    };
  } catch (error) {
    await mooring.close();
    throw error;
  }
}

/**
 * Starts the inspector: a page, for this machine alone, of what is recorded and of what the kernel holds.
 *
 * @throws MooringError `inspector.portInUse`, `inspector.failed`, `inspector.badOption`, and as `openMooring`
 */
export async function openInspector(options: InspectorOptions = {}): Promise<Inspector> {
  const { startInspector } = await import('./inspecting.ts');
  const parts = await composeHere(options);
  const mooring = openComposed(parts);
  const commandsWith = (registry: Registry) => commandsOn({ ...parts, registry });
  try {
    const inspector = await startInspector({ parts, mooring, commandsWith }, options);
    return {
      ...inspector,
      async close() {
        await inspector.close();
        await mooring.close();
      }
    };
  } catch (error) {
    await mooring.close();
    throw error;
  }
}

/** What the host has and lacks for these options. It changes nothing. */
export async function doctor(options: MooringOptions = {}): Promise<readonly Finding[]> {
  // It loads execa, which nothing else wants that runs no program.
  const { findings } = await import('./effects/doctor.ts');
  const settings = settingsOf(options);
  const places = { ...settings, runDir: NETNS_DIR };
  if (settings.place.kind !== 'outside') return findings(places);
  const paths = { ...PRECONDITION_PATHS, tun: TUN };
  return findings({ ...places, privateHost: privateHostFindings(currentUser(), paths) });
}

function commandsOn(parts: Parts): Commands {
  return commandsOf({
    ...parts,
    readOnly: parts.settings.readOnly,
    async networkName(wanted) {
      await parts.sharing?.syncToBegin();
      return (await parts.networks.inspect(wanted)).name;
    },
    startTimeOf: (pid) => statOf(pid)?.startTime
  });
}

/** The library over parts that are wired up already. */
export function openComposed(parts: Parts): Mooring {
  const { store, registry, bus, sharing } = parts;
  const commands = commandsOn(parts);

  const mooring: Mooring = {
    up: async (input: UpInput, { signal } = {}): Promise<Container> => {
      return handle(await commands.up(input, signal));
    },
    create: (input) => commands.create(input),
    start: async (id, { signal } = {}) =>
      handle(await commands.start(parseContainerId(id), signal)),
    down: (id, options = {}) => commands.down(parseContainerId(id), options),
    reload: (id, options = {}) => commands.reload(parseContainerId(id), options),
    repair: (id, options = {}) => commands.repair(parseContainerId(id), options),
    refresh: (id) => commands.refresh(parseContainerId(id)),
    connect: (id, network) => commands.connect(parseContainerId(id), network),
    disconnect: (id, network) => commands.disconnect(parseContainerId(id), network),
    inspect: (id) => commands.inspect(parseContainerId(id)),
    networkSettings: (id) => networkSettingsOf(id, mooring.inspect),
    stats,
    examine: (id) => parts.examiner.examine(parseContainerId(id)),
    check: (id) => parts.examiner.check(parseContainerId(id)),
    list: async () => containerList(await store.list('container'), store.boot),
    recover,
    gc: ({ dryRun = false } = {}) => parts.collectGarbage({ dryRun }),
    networks: networksWith(parts, commands),
    hosts: hostsWith(parts, { commands, handle, own: () => mooring }),
    events$: bus.committed$.pipe(map(({ event }) => event)),
    events: (selection) => eventsOf(store, selection),
    engineEvents: (selection) => engineEventsOf(store, eventsOf(store, selection)),
    journal: (id) => journalOf(store, parseContainerId(id)),
    exportJournals: ({ containers, ...options }) => {
      const wanted = containers === 'all' ? containers : containers.map(parseContainerId);
      return exportOf(store, { ...options, containers: wanted });
    },
    importJournals: (path) => importFrom(store, path),
    close
  };
  return parts.settings.readOnly ? readOnly(mooring) : mooring;

  function handle(view: ContainerView): Container {
    const { id } = view;
    return {
      id,
      view,
      netns: view.netns?.path ?? '',
      reload: async () => {
        await mooring.reload(id);
      },
      down: () => mooring.down(id)
    };
  }

  async function recover(options?: RecoverOptions): Promise<readonly Recovered[]> {
    const failures = sharing === undefined ? [] : await reconciled(sharing, mooring);
    return [...failures, ...(await settleAll(parts, options))];
  }

  async function stats(text: string): Promise<ContainerStats> {
    const { id, netns } = await commands.inspect(parseContainerId(text));
    return { id, interfaces: netns && (await parts.linkStats(netns)) };
  }

  async function close(): Promise<void> {
    await registry.idle();
    bus.close();
    await parts.close();
  }
}

function networksWith({ networks, prunable, store }: Parts, commands: Commands): Networks {
  return withRemoval({
    networks,
    prunable,
    usersOf: (network) => usersOf(store, network),
    inspect: (id) => commands.inspect(id),
    down: (id) => commands.down(id, {}),
    disconnect: (id, network) => commands.disconnect(id, network)
  });
}

interface Own {
  readonly commands: Commands;
  readonly own: () => Mooring;
  readonly handle: (view: ContainerView) => Container;
}

function hostsWith(
  { store, sharing, ensureDefaultNetwork }: Parts,
  { commands, own, handle }: Own
): Hosts {
  if (sharing === undefined) return noHosts();
  const { cluster, addresses } = sharing;
  const { bring } = commands;
  const clear = async (id: string) => {
    await commands.down(id, { forget: true }).catch(unlessNotFound);
  };
  const parts = { cluster, addresses, ensureDefaultNetwork, bring, clear };
  return hostsOf({
    ...{ cluster, handle, own, host: store.host },
    takeOver: (host, container) => takeOver(parts, host, container)
  });
}

function unlessNotFound(error: unknown): undefined {
  if (error instanceof MooringError && error.code === 'container.notFound') return undefined;
  throw error;
}
