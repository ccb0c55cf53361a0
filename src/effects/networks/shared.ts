import { failureOf } from '../../model/failure.ts';
import type { NetworkBaseline } from '../../model/network.ts';
import type { Store } from '../../store/store.ts';
import type { EffectContext, Effects } from '../effects.ts';
import type { RunTool } from '../firewall/iptables.ts';
import { removeIdleBridge } from './bridges.ts';
import { closeBridges, openedBridges } from './dns-rules.ts';
import { interfaceNames } from './host-subnets.ts';
import { removeIsolation } from './isolation-rules.ts';
import type { SharedLock } from './plugin-lock.ts';
import { removeIdleChains, standingChains } from './shared-chains.ts';

export interface SharedDeps {
  readonly store: Pick<Store, 'allocations' | 'allocate' | 'boot'>;
  readonly run: RunTool;
  /** Whether the plugin dnsname serves a network; it opens a port on the network's bridges. */
  readonly usesDnsname: (network: string) => Promise<boolean>;
  /** Whoever runs a plugin holds it shared. */
  readonly pluginLock: SharedLock;
}

/** What one network in use leaves for the others to know. */
export interface Usage {
  /** Shared chains that stood before the first network was used; the same in every entry. */
  readonly chains: readonly string[];
  /** Bridges of this network that were not there before. */
  readonly bridges: readonly string[];
  /** Of the host when this was noted: it says nothing of what stands there after another. */
  readonly boot: string;
  /** Those of them on which no port was open for names. */
  readonly opened?: readonly string[];
}

const KIND = 'usage';

/**
 * Notes what stood on the host before a network's first container, and takes away
 * after its last one what was not there.
 */
export function sharedEffects(deps: SharedDeps): Pick<Effects, 'network.prepare' | 'network.tidy'> {
  return {
    async 'network.prepare'({ network, bridges }, context) {
      try {
        const work = () => prepare(deps, network, bridges, context);
        const baseline = await deps.pluginLock.exclusive(work, context.signal);
        return { type: 'network.prepared', network, baseline };
      } catch (error) {
        const failure = failureOf(error, 'network', `preparing network ${network}`);
        return { type: 'network.prepareFailed', network, failure };
      }
    },
    async 'network.tidy'({ network, bridges, baseline }, context) {
      try {
        const made = bridges.filter((bridge) => !baseline.bridges.includes(bridge));
        const work = () => tidy(deps, network, made, context);
        await deps.pluginLock.exclusive(work, context.signal);
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
  const owner = `network/${network}`;
  const standing = await interfaceNames();
  const isNamed = bridges.length > 0 && (await usesDnsname(network));
  const open = isNamed ? await openedBridges(run, context) : [];
  for (;;) {
    context.signal.throwIfAborted();
    const { version, entries } = await store.allocations(KIND);
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
    if (await store.allocate(KIND, version, owner, [usage])) return { bridges: before };
  }
}

async function tidy(
  { store, run }: SharedDeps,
  network: string,
  made: readonly string[],
  context: EffectContext
): Promise<void> {
  const owner = `network/${network}`;
  for (const bridge of made) await removeIdleBridge(run, bridge, context);
  await removeIsolation(run, made, context);
  for (;;) {
    context.signal.throwIfAborted();
    const { version, entries } = await store.allocations(KIND);
    const own = entries.find((entry) => entry.owner === owner);
    if (own === undefined) return;
    const inUse = entries.filter((entry) => usageOf(entry).boot === store.boot);
    const isLast = inUse.length > 0 && inUse.every((entry) => entry.owner === owner);
    const { opened = [], boot } = usageOf(own);
    if (boot === store.boot && opened.length > 0) await closeBridges(run, opened, context);
    // Before the entry goes: after a crash between the two, it is all that knows what stood here.
    if (isLast) await removeIdleChains(run, usageOf(own).chains, context);
    if (await store.allocate(KIND, version, owner, [])) return;
  }
}

/** What an allocation of the kind `usage` says; this file is the only one that writes them. */
export function usageOf({ entry }: { readonly entry: unknown }): Usage {
  return entry as Usage;
}
