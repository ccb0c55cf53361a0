import { failureOf } from '../../model/failure.ts';
import type { NetworkBaseline } from '../../model/network.ts';
import type { EffectContext, Effects } from '../effects.ts';
import type { RunTool } from '../firewall/iptables.ts';
import { removeIdleBridge } from './bridges.ts';
import { closeBridges, openedBridges } from './dns-rules.ts';
import { interfaceNames } from './host-subnets.ts';
import { removeIsolation } from './isolation-rules.ts';
import type { SharedLock } from './plugin-lock.ts';
import { removeIdleChains, standingChains } from './shared-chains.ts';
import { othersInUse, USAGE, usageOf, usageOwner, type UsageStore } from './usage.ts';

export interface SharedDeps {
  readonly store: UsageStore;
  readonly run: RunTool;
  /** Whether the plugin dnsname serves a network; it opens a port on the network's bridges. */
  readonly usesDnsname: (network: string) => Promise<boolean>;
  /** Whoever runs a plugin holds it shared. */
  readonly pluginLock: SharedLock;
  /** Held while the entries say who is in use, so that they stay true. */
  readonly usageLock: SharedLock;
}

/**
 * Notes what stood on the host before a network's first container, and takes away
 * after its last one what was not there.
 */
export function sharedEffects(deps: SharedDeps): Pick<Effects, 'network.prepare' | 'network.tidy'> {
  return {
    async 'network.prepare'({ network, bridges }, context) {
      try {
        const work = () => prepare(deps, network, bridges, context);
        // Beside plugins, one of which may hang: what they make, an entry told of before.
        const baseline = await deps.usageLock.shared(work, context.signal);
        return { type: 'network.prepared', network, baseline };
      } catch (error) {
        const failure = failureOf(error, 'network', `preparing network ${network}`);
        return { type: 'network.prepareFailed', network, failure };
      }
    },
    async 'network.tidy'({ network, bridges, baseline }, context) {
      try {
        const made = bridges.filter((bridge) => !baseline.bridges.includes(bridge));
        await deps.usageLock.exclusive(async () => {
          const others = await othersInUse(deps.store, network);
          const work = () => tidy(deps, network, made, context);
          // Chains that all share go with the last network: then no plugin may be at work on them.
          await (others.length > 0 ? work() : deps.pluginLock.exclusive(work, context.signal));
        }, context.signal);
        return { type: 'network.tidied', network };
      } catch (error) {
        const failure = failureOf(error, 'network', `tidying network ${network}`);
        return { type: 'network.tidyFailed', network, failure };
      }
    }
  };
}

async function prepare(
  { store, run, usesDnsname }: SharedDeps,
  network: string,
  bridges: readonly string[],
  context: EffectContext
): Promise<NetworkBaseline> {
  const owner = usageOwner(network);
  const standing = await interfaceNames();
  const isNamed = bridges.length > 0 && (await usesDnsname(network));
  const open = isNamed ? await openedBridges(run, context) : [];
  for (;;) {
    context.signal.throwIfAborted();
    const { version, entries } = await store.allocations(USAGE);
    // A bridge that another network of ours made goes with the last of both.
    const known = entries.filter((entry) => usageOf(entry).boot === store.boot);
    const made = known
      .filter((entry) => entry.owner !== owner)
      .flatMap((entry) => usageOf(entry).bridges);
    const before = bridges.filter((name) => standing.includes(name) && !made.includes(name));
    const [first] = known.map(usageOf);
    const own = bridges.filter((name) => !before.includes(name));
    const usage = {
      chains: first?.chains ?? (await standingChains(run, context)),
      bridges: own,
      boot: store.boot,
      ...(isNamed && { opened: own.filter((name) => !open.includes(name)) })
    };
    if (await store.allocate(USAGE, version, owner, [usage])) return { bridges: before };
  }
}

async function tidy(
  { store, run }: SharedDeps,
  network: string,
  made: readonly string[],
  context: EffectContext
): Promise<void> {
  const owner = usageOwner(network);
  // A bridge that is another network's as well goes with that one.
  const theirs = (await othersInUse(store, network)).flatMap(({ bridges }) => bridges);
  const own = made.filter((bridge) => !theirs.includes(bridge));
  for (const bridge of own) await removeIdleBridge(run, bridge, context);
  await removeIsolation(run, made, context);
  for (;;) {
    context.signal.throwIfAborted();
    const { version, entries } = await store.allocations(USAGE);
    const entry = entries.find((one) => one.owner === owner);
    if (entry === undefined) return;
    const inUse = entries.filter((one) => usageOf(one).boot === store.boot);
    const isLast = inUse.length > 0 && inUse.every((one) => one.owner === owner);
    const { opened = [], boot } = usageOf(entry);
    if (boot === store.boot && opened.length > 0) await closeBridges(run, opened, context);
    // Before the entry goes: after a crash between the two, it is all that knows what stood here.
    if (isLast) await removeIdleChains(run, usageOf(entry).chains, context);
    if (await store.allocate(USAGE, version, owner, [])) return;
  }
}
