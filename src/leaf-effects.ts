import { join } from 'node:path';
import type { Logger } from 'pino';
import type { Registry } from './actors/registry.ts';
import { attachmentEffects } from './effects/attachments/attachments.ts';
import { cniEffects } from './effects/cni/effects.ts';
import { underPluginLock } from './effects/cni/locked.ts';
import { firewallGeneration } from './effects/firewall/generation.ts';
import { isMasqueraded } from './effects/firewall/masquerade.ts';
import { sweepEffects } from './effects/firewall/sweep.ts';
import { netnsEffects, verifyNetns } from './effects/netns.ts';
import { firstAddAlone } from './effects/networks/first-add.ts';
import { fileLock } from './effects/networks/plugin-lock.ts';
import { sharedEffects } from './effects/networks/shared.ts';
import { usesPlugin } from './effects/networks/standing.ts';
import { flushConntrack } from './effects/ports/conntrack.ts';
import { forgettingConnections } from './effects/ports/forget.ts';
import { notedWait } from './effects/process/spans.ts';
import { timerEffects } from './effects/timer.ts';
import type { Failure } from './model/failure.ts';
import { connectingNetworks, isRootless } from './outside.ts';
import type { Programs } from './programs.ts';
import { NETNS_DIR, netnsName, type Settings } from './settings.ts';
import type { Store } from './store/store.ts';
import { hasInterface } from './syscalls/interface-index.ts';
import type { NetnsThread } from './syscalls/netns-thread.ts';

/** What the effects that reach the host work with. */
export interface Leaves extends Programs {
  readonly store: Store;
  readonly thread: NetnsThread;
  readonly log: Logger;
}

/**
 * The effects that reach the host; the others only speak to other actors.
 *
 * @param registry for networks of a private host, which have it connected
 */
export function leafEffects(settings: Settings, leaves: Leaves, registry: () => Registry) {
  const { store, plugins, thread, runner, tool, log, spans } = leaves;
  const { root } = settings;
  const pluginLock = fileLock(join(root, 'plugins.lock'));
  const cni = cniEffects({
    runner,
    verifyNetns,
    hasPlugin: plugins.has,
    hasInterface,
    isMasqueraded,
    observe: thread.observe
  });
  const locked = underPluginLock(pluginLock, cni, notedWait(spans, Date.now, 'plugins'));
  const firstAdds = { store, lock: fileLock(join(root, 'first-add.lock')) };
  const chains = { ...locked, 'cni.add': firstAddAlone(firstAdds, locked['cni.add']) };
  const attachments = attachmentEffects({
    run: tool,
    generation: firewallGeneration,
    verifyNetns,
    observe: thread.observe,
    exclusive: pluginLock.preferExclusive
  });
  const shared = sharedEffects({
    store,
    run: tool,
    usesDnsname: async (network) =>
      plugins.has('dnsname') && usesPlugin(settings.confDir, network, 'dnsname'),
    pluginLock,
    usageLock: fileLock(join(root, 'usage.lock'))
  });
  const connections = {
    flush: flushConntrack,
    onFailure: (failure: Failure) => {
      log.warn({ failure }, failure.message);
    }
  };
  return {
    ...netnsEffects({ thread, runDir: NETNS_DIR, nameOf: netnsName(settings) }),
    ...attachments,
    ...forgettingConnections({ ...chains, ...attachments }, connections),
    ...sweepEffects(tool),
    ...(isRootless(settings) ? connectingNetworks(registry, shared) : shared),
    ...timerEffects(Date.now)
  };
}
