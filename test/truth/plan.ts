import type { Command, Fault, NetworkPlan, Plan } from '../../src/testing.ts';
import { randomFrom, type Random } from '../../src/replay/simulator/random.ts';

/** Who does something next does it long after all before has come to rest. */
export const APART_MS = 60_000;

/** Between which of its steps a chain refuses: before a plugin, or behind its last. */
export const REFUSALS: Readonly<Record<'ADD' | 'DEL', readonly Refusal[]>> = {
  ADD: [
    { after: 0, plugin: 'bridge', at: 'before' },
    { after: 6, plugin: 'portmap', at: 'before' },
    { after: 7, plugin: 'firewall', at: 'before' },
    { after: 8, plugin: 'firewall', at: 'after' }
  ],
  DEL: [
    { after: 0, plugin: 'firewall', at: 'before' },
    { after: 1, plugin: 'portmap', at: 'before' },
    { after: 2, plugin: 'bridge', at: 'before' },
    { after: 5, plugin: 'bridge', at: 'after' }
  ]
};

interface Refusal {
  /** After how many steps of the simulator's model. */
  readonly after: number;
  readonly plugin: string;
  readonly at: 'before' | 'after';
}

/**
 * What is done to one host, one thing after the other, by one process: all of a plan that can be done to a
 * real host as well, with what goes wrong.
 */
export function truthPlan(seed: number): Plan {
  const random = randomFrom(seed);
  const networks: NetworkPlan[] = ['front', 'back'].slice(0, 1 + random.int(2)).map((name) => ({
    name,
    dualStack: random.chance(0.1),
    addresses: random.chance(0.15) ? 2 : 20
  }));
  const containers = ['web', 'db', 'job'].slice(0, 1 + random.int(3));
  const first: Command = { verb: 'up', container: 'web', ...specFor(random, networks, containers) };
  const count = 2 + random.int(6);
  const commands = [
    first,
    ...Array.from({ length: count }, () => commandFor(random, networks, containers))
  ];
  return {
    ...{ seed, store: 'embedded', jitter: 0 },
    hosts: [{ name: 'h0', processes: 1, agent: false, networks }],
    steps: commands.map((command, index) => ({
      ...{ atMs: index * APART_MS, host: 'h0', process: 0, command }
    })),
    faults: Array.from({ length: random.int(3) }, () => faultFor(random, commands.length)).filter(
      (fault) => !isException(fault, networks)
    )
  };
}

/** What a host does otherwise, and why: docs/testing.md. */
function isException({ kind }: Fault, networks: readonly NetworkPlan[]): boolean {
  return kind === 'rulesFlushed' && networks.some(({ dualStack }) => dualStack);
}

function commandFor(
  random: Random,
  networks: readonly NetworkPlan[],
  containers: readonly string[]
): Command {
  const container = random.pick(containers);
  const network = random.pick(networks).name;
  const drawn = random.next();
  if (drawn < 0.35) {
    const verb = random.chance(0.9) ? 'up' : 'create';
    return { verb, container, ...specFor(random, networks, containers) };
  }
  if (drawn < 0.55) return { verb: random.chance(0.8) ? 'down' : 'remove', container };
  if (drawn < 0.72) {
    return { verb: random.chance(0.5) ? 'connect' : 'disconnect', container, network };
  }
  if (drawn < 0.98) {
    const verb = random.pick(['start', 'reload', 'cycle', 'repair', 'refresh'] as const);
    return { verb, container };
  }
  return { verb: 'recover' };
}

function specFor(
  random: Random,
  networks: readonly NetworkPlan[],
  containers: readonly string[]
): Spec {
  if (random.chance(0.1)) return { networks: [], ports: [], shares: random.pick(containers) };
  const wanted = networks.filter(() => random.chance(0.75)).map(({ name }) => name);
  const publishes = wanted.length > 0 && random.chance(0.4);
  return { networks: wanted, ports: publishes ? [random.pick([0, 8080, 8081])] : [] };
}

interface Spec {
  readonly networks: readonly string[];
  readonly ports: readonly number[];
  readonly shares?: string;
}

function faultFor(random: Random, commands: number): Fault {
  const host = 'h0';
  if (random.chance(0.5)) {
    const verb = random.pick(['ADD', 'ADD', 'DEL'] as const);
    const { after } = random.pick(REFUSALS[verb]);
    const [run, times] = [1 + random.int(4), random.pick([1, 1, 4])];
    return { kind: 'plugin', host, verb, run, times, how: 'refuses', after };
  }
  const kind = random.pick([
    'netnsGone',
    'linkGone',
    'addressGone',
    'rulesFlushed',
    'bridgeGone',
    'keeperKilled'
  ] as const);
  const atMs = (1 + random.int(commands)) * APART_MS - APART_MS / 2;
  return { kind, host, atMs, nth: random.int(4) };
}
