import { bridgesOf } from '../../model/attachment.ts';
import { isAtLeast } from '../../model/cni-version.ts';
import { MooringError, type Failure } from '../../model/failure.ts';
import type { JsonObject } from '../../model/json.ts';
import { buildConflist, isOwn, pluginsOf } from '../../model/network-conflist.ts';
import { parseNetworkCreate, type NetworkCreateInput } from '../../model/network-create.ts';
import { networkTest, PRUNE_FILTERS } from '../../model/network-filter.ts';
import { DEFAULT_NETWORK } from '../../model/network.ts';
import type { NamesBy, NetworkDraft, NetworkPlan } from '../../model/network-plan.ts';
import type { NetworkFilter, NetworkView } from '../../model/network-view.ts';
import { completePlan, type Pool } from './choose.ts';
import { removeConflist, writeConflist } from './conflist-file.ts';
import type { HostNetworks } from './host-subnets.ts';
import { findNetwork, viewOf, type LoadedNetworks, type LoadNetworks } from './lookup.ts';
import type { SharedLock } from './plugin-lock.ts';

/** For networks that name no subnet. */
export const POOLS: readonly Pool[] = [
  { subnet: '10.89.0.0/16', prefix: 24 },
  { subnet: '10.92.0.0/14', prefix: 24 },
  { subnet: '172.24.0.0/14', prefix: 24 },
  { subnet: '192.168.192.0/18', prefix: 24 }
];

// The largest free part, so that it holds as many containers as it can.
const DEFAULT_POOLS: readonly Pool[] = [16, 20, 24].map((prefix) => ({
  subnet: '10.90.0.0/15',
  prefix
}));

const DEFAULT_DRAFT: NetworkDraft = {
  name: DEFAULT_NETWORK,
  driver: 'bridge',
  ipam: 'host-local',
  subnets: [],
  wanted: [4],
  routes: [],
  // As podman's, so that no name server is started for who names no network.
  dns: false,
  interfaceName: 'mooring0',
  internal: false,
  labels: {}
};

/** Tells the machine's host which ports to forward. */
const MACHINE_PLUGIN = { type: 'podman-machine', capabilities: { portMappings: true } };

/** Networks as files of one directory, shared with podman and nerdctl. */
export interface NetworkFiles {
  /**
   * @param onMade called unless there was one already, which is ignored
   * @throws MooringError `network.exists`, `network.…`, `interface.badName`
   */
  create(
    input: NetworkCreateInput & { readonly ignoreIfExists?: boolean },
    onMade?: () => void
  ): Promise<NetworkView>;
  /** By name. @throws MooringError `network.badFilter` */
  list(
    filters?: readonly NetworkFilter[]
  ): Promise<{ readonly networks: readonly NetworkView[]; readonly problems: readonly Failure[] }>;
  /**
   * @param wanted name, id, or a beginning of an id that no other has
   * @throws MooringError `network.notFound`, `network.ambiguous`; the file's own failure when only a broken one has the name
   */
  inspect(wanted: string): Promise<NetworkView>;
  /**
   * @returns the name
   * @throws MooringError as `inspect`; `network.isDefault`; `network.inUse` naming the containers
   */
  remove(wanted: string): Promise<string>;
  exists(wanted: string): Promise<boolean>;
  /**
   * Names of the networks that were made here, the default one left out. What other programs have
   * put into the directory may be in use without anybody here knowing.
   *
   * @throws MooringError `network.badFilter`
   */
  prunable(filters: readonly NetworkFilter[]): Promise<readonly string[]>;
  /**
   * The default network, made when no file defines it.
   *
   * @param onMade called when it was this call that made it
   * @throws MooringError `network.noFreeSubnet`
   */
  ensureDefaultNetwork(onMade?: () => void): Promise<NetworkView>;
}

export interface NetworkFilesDeps {
  /** Absolute path. */
  readonly confDir: string;
  /** Whether networks shall publish through the host of a virtual machine. */
  readonly machine?: boolean;
  /** Held exclusively while something is chosen and written. Its file is not in `confDir`. */
  readonly lock: SharedLock;
  readonly load: LoadNetworks;
  /** The highest CNI version that all these plugins speak. */
  readonly highestCommonVersion: (plugins: readonly string[]) => Promise<string>;
  readonly readHost: () => Promise<HostNetworks>;
  /** Ids of the containers that use a network, whether they are up or not. */
  readonly containersOf: (network: string) => Promise<readonly string[]>;
  /** What this host has to answer for names. */
  readonly namesBy: () => NamesBy;
  /** What is attached to a bridge, in words; nothing when there is no such bridge. */
  readonly portsOf: (bridge: string) => Promise<readonly string[]>;
  /** Tells other hosts of a network, then writes it; what throws has done neither. Absent where there are none. */
  readonly share?: (
    network: {
      readonly name: string;
      readonly conflist: JsonObject;
      /** CIDRs */
      readonly subnets: readonly string[];
    },
    write: () => Promise<unknown>
  ) => Promise<void>;
  /** Takes away what is kept of a network's addresses, if none is leased. */
  readonly removeLeaseDir: (network: string) => Promise<unknown>;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly randomBytes: (length: number) => Uint8Array;
  readonly pools: readonly Pool[];
}

export function networkFiles(deps: NetworkFilesDeps): NetworkFiles {
  const clock = () => ({ nowMs: deps.now(), parseTime: Date.parse });
  const views = async () => (await deps.load(deps.confDir)).networks.map(viewOf);
  const locked = <Value>(work: () => Promise<Value>) =>
    deps.lock.exclusive(work, new AbortController().signal);
  const inspect = async (wanted: string) => inspectIn(await deps.load(deps.confDir), wanted);
  return {
    create: async (input, onMade) => {
      const draft = parseNetworkCreate(input);
      return locked(async () => {
        const found = input.ignoreIfExists
          ? (await views()).find(({ name }) => name === draft.name)
          : undefined;
        if (found !== undefined) return found;
        const view = await define(deps, draft, deps.pools);
        onMade?.();
        return view;
      });
    },
    async list(filters = []) {
      const passes = networkTest(filters, clock());
      const { networks, problems } = await deps.load(deps.confDir);
      const sorted = networks.map(viewOf).toSorted((a, b) => (a.name < b.name ? -1 : 1));
      return { networks: sorted.filter(passes), problems };
    },
    inspect,
    async prunable(filters) {
      const passes = networkTest(filters, { ...clock(), keys: PRUNE_FILTERS });
      const { networks } = await deps.load(deps.confDir);
      const own = networks.filter(
        ({ conflist }) => conflist.name !== DEFAULT_NETWORK && isOwn(conflist)
      );
      return own
        .map(viewOf)
        .filter(passes)
        .map(({ name }) => name)
        .toSorted();
    },
    remove: async (wanted) => locked(() => remove(deps, wanted)),
    async exists(wanted) {
      try {
        findNetwork(await views(), wanted);
        return true;
      } catch (error) {
        if (error instanceof MooringError && error.code === 'network.notFound') return false;
        throw error;
      }
    },
    async ensureDefaultNetwork(onMade) {
      const find = async () => (await views()).find(({ name }) => name === DEFAULT_NETWORK);
      const make = async () => {
        const view = await define(deps, DEFAULT_DRAFT, DEFAULT_POOLS);
        onMade?.();
        return view;
      };
      return (await find()) ?? (await locked(async () => (await find()) ?? (await make())));
    }
  };
}

async function define(
  deps: NetworkFilesDeps,
  draft: NetworkDraft,
  pools: readonly Pool[]
): Promise<NetworkView> {
  const [{ networks }, host] = await Promise.all([deps.load(deps.confDir), deps.readHost()]);
  const conflists = networks.map(({ conflist }) => conflist);
  if (conflists.some(({ name }) => name === draft.name)) {
    throw new MooringError('network.exists', `the network name ${draft.name} is already used`);
  }
  const { randomBytes } = deps;
  const choices = { pools, randomBytes, namesBy: deps.namesBy() };
  const plan = completePlan(draft, { conflists, host }, choices);
  const further = deps.machine && plan.driver === 'bridge' ? [MACHINE_PLUGIN] : [];
  const types = [...pluginsOf(plan), ...further.map(({ type }) => type)];
  const version = await deps.highestCommonVersion(types);
  checkMetric(plan, version);
  const conflist = buildConflist(plan, version, further);
  const write = () => writeConflist(deps.confDir, plan.name, conflist);
  const subnets = plan.subnets.map(({ subnet }) => subnet);
  if (deps.share) await deps.share({ name: plan.name, conflist, subnets }, write);
  else await write();
  return inspectIn(await deps.load(deps.confDir), plan.name);
}

// Plugins before that leave it out without a word.
function checkMetric({ metric, routes }: NetworkPlan, version: string): void {
  const asked = metric ?? routes.find((route) => route.metric)?.metric ?? 0;
  if (asked === 0 || isAtLeast(version, '1.1.0')) return;
  throw new MooringError(
    'network.badOption',
    `metric ${asked} needs plugins that speak CNI 1.1.0, those of this host speak ${version}`
  );
}

async function remove(deps: NetworkFilesDeps, wanted: string): Promise<string> {
  const loaded = await deps.load(deps.confDir);
  const { name, file } = inspectIn(loaded, wanted);
  if (name === DEFAULT_NETWORK) {
    throw new MooringError('network.isDefault', `default network ${name} cannot be removed`);
  }
  const users = await deps.containersOf(name);
  if (users.length > 0) {
    throw new MooringError(
      'network.inUse',
      `"${name}" has associated containers with it: ${users.join(', ')}`
    );
  }
  await checkBridges(deps, loaded, name);
  await removeConflist(deps.confDir, file);
  await deps.removeLeaseDir(name);
  return name;
}

// Nothing of ours is on it any more, so that whatever is there is somebody else's.
async function checkBridges(
  { portsOf }: NetworkFilesDeps,
  { networks }: LoadedNetworks,
  name: string
): Promise<void> {
  const conflists = networks.map(({ conflist }) => conflist);
  const others = conflists.filter((conflist) => conflist.name !== name).flatMap(bridgesOf);
  const own = conflists.filter((conflist) => conflist.name === name).flatMap(bridgesOf);
  for (const bridge of own.filter((candidate) => !others.includes(candidate))) {
    const ports = await portsOf(bridge);
    if (ports.length === 0) continue;
    throw new MooringError(
      'network.inUse',
      `"${name}" has interfaces of others on its bridge ${bridge}: ${ports.join(', ')}`
    );
  }
}

function inspectIn({ networks, problems }: LoadedNetworks, wanted: string): NetworkView {
  const broken = networks.some(({ conflist }) => conflist.name === wanted)
    ? undefined
    : problems.find((problem) => 'network' in problem && problem.network === wanted);
  if (broken === undefined) return findNetwork(networks.map(viewOf), wanted);
  throw new MooringError(broken.code, `network ${wanted}: ${broken.message}`);
}
