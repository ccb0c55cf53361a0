import type {
  Command,
  Fault,
  HostPlan,
  NetworkPlan,
  Plan,
  PluginFault,
  PluginVerb,
  Step,
  StoreModel
} from './plan.ts';
import { randomFrom, type Random } from './random.ts';

/** What plans are made of; what is absent is drawn. */
export interface PlanOptions {
  readonly store?: StoreModel;
  /** Most faults in a plan; 0 for none. */
  readonly faults?: number;
  readonly hosts?: number;
}

/** A plan from a seed: the same one always. */
export function planFor(seed: number, options: PlanOptions = {}): Plan {
  const random = randomFrom(seed);
  const store = options.store ?? (random.chance(0.6) ? 'embedded' : 'redis');
  const count = options.hosts ?? (random.chance(0.75) ? 1 : 2);
  const hosts = Array.from({ length: count }, (_, index) => hostPlan(random, index));
  const steps = hosts.flatMap((host) => stepsOn(random, host));
  const faults = Array.from({ length: random.int((options.faults ?? 4) + 1) }, () =>
    faultFor(random, random.pick(hosts), store)
  );
  return { seed, store, hosts, steps, faults, jitter: random.pick([0, 0.5, 0.9]) };
}

const NAMES = ['front', 'back', 'storage'] as const;

function hostPlan(random: Random, index: number): HostPlan {
  const networks: NetworkPlan[] = NAMES.slice(0, 1 + random.int(3)).map((name) => ({
    name: `${name}${index}`,
    dualStack: random.chance(0.3),
    addresses: random.chance(0.1) ? 2 : 20
  }));
  return { name: `h${index}`, processes: 1 + random.int(3), agent: random.chance(0.4), networks };
}

function stepsOn(random: Random, host: HostPlan): readonly Step[] {
  const containers = ['web', 'db', 'job', 'log'].slice(0, 1 + random.int(4));
  const count = 3 + random.int(9);
  return Array.from({ length: count }, (): Step => ({
    atMs: random.int(3_000),
    host: host.name,
    process: random.int(host.processes),
    command: commandFor(
      random,
      host,
      containers.map((name) => `${name}-${host.name}`)
    )
  })).sort((one, other) => one.atMs - other.atMs);
}

function commandFor(random: Random, host: HostPlan, containers: readonly string[]): Command {
  const container = random.pick(containers);
  const network = random.pick(host.networks).name;
  const drawn = random.next();
  if (drawn < 0.45) {
    return {
      verb: random.chance(0.9) ? 'up' : 'create',
      container,
      ...specFor(random, host, containers)
    };
  }
  if (drawn < 0.7) return { verb: random.chance(0.8) ? 'down' : 'remove', container };
  if (drawn < 0.78)
    return { verb: random.chance(0.5) ? 'connect' : 'disconnect', container, network };
  if (drawn < 0.98) {
    return {
      verb: random.pick(['start', 'reload', 'cycle', 'repair', 'refresh'] as const),
      container
    };
  }
  return { verb: 'recover' };
}

interface Spec {
  readonly networks: readonly string[];
  readonly ports: readonly number[];
  readonly shares?: string;
}

function specFor(random: Random, { networks }: HostPlan, containers: readonly string[]): Spec {
  if (random.chance(0.1)) return { networks: [], ports: [], shares: random.pick(containers) };
  const wanted = networks.filter(() => random.chance(0.6)).map(({ name }) => name);
  const publishes = wanted.length > 0 && random.chance(0.4);
  return { networks: wanted, ports: publishes ? [random.pick([0, 8080, 8081])] : [] };
}

/** @param host that it comes to, where it comes to one */
export function faultFor(random: Random, host: HostPlan, store: StoreModel): Fault {
  const at = { host: host.name, atMs: random.int(4_000) };
  const drawn = random.next();
  if (drawn < 0.35) {
    return {
      kind: 'crash',
      host: host.name,
      process: random.int(host.processes),
      point: 1 + random.int(120)
    };
  }
  if (drawn < 0.6) return pluginFaultFor(random, host.name);
  if (drawn < 0.66) {
    return {
      kind: 'stall',
      ...at,
      process: random.int(host.processes),
      forMs: random.pick([50, 2_000, 15_000])
    };
  }
  if (drawn < 0.72) return { kind: 'reboot', ...at };
  if (drawn < 0.75)
    return { kind: 'clockJump', ...at, byMs: random.pick([-86_400_000, 86_400_000]) };
  if (drawn < 0.88) {
    const kind = random.pick([
      'netnsGone',
      'netnsReplaced',
      'linkGone',
      'addressGone',
      'rulesFlushed',
      'bridgeGone',
      'keeperKilled'
    ] as const);
    return { kind, ...at, nth: random.int(4) };
  }
  return store === 'embedded'
    ? { kind: 'diskFull', ...at, forMs: random.pick([50, 1_000]) }
    : storeFaultFor(random, at);
}

function pluginFaultFor(random: Random, host: string): Fault {
  const verb: PluginVerb = random.pick([
    'ADD',
    'ADD',
    'ADD',
    'DEL',
    'DEL',
    'sweep',
    'repair',
    'examine'
  ]);
  const how: PluginFault = random.pick(['refuses', 'refuses', 'garbage', 'hangs', 'late', 'slow']);
  const times = random.pick([1, 1, 1, 4]);
  return { kind: 'plugin', host, verb, run: 1 + random.int(6), times, how, after: random.int(8) };
}

function storeFaultFor(
  random: Random,
  at: { readonly host: string; readonly atMs: number }
): Fault {
  const drawn = random.next();
  const { atMs } = at;
  if (drawn < 0.3)
    return {
      kind: random.pick(['answerLost', 'writeRefused'] as const),
      write: 1 + random.int(60)
    };
  const forMs = random.pick([80, 800, 12_000]);
  if (drawn < 0.5) return { kind: 'partition', ...at, forMs };
  return { kind: random.pick(['storeAway', 'storeStalled', 'storeSlow'] as const), atMs, forMs };
}
