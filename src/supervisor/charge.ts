import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { createRegistry, type Registry } from '../actors/registry.ts';
import { createBus } from '../bus/bus.ts';
import { INSIDE_REQUESTS } from '../bus/requests.ts';
import { loopOf } from '../compose.ts';
import { openStore } from '../open-store.ts';
import { elsewhere } from '../effects/elsewhere.ts';
import { startForwarder } from '../effects/forward/forwarder.ts';
import { forwarderEffects } from '../effects/outside/forwarders.ts';
import { uplinks, type LostUplink } from '../effects/outside/uplinks.ts';
import { PASTA_DNS } from '../effects/pasta/arguments.ts';
import { pastaStarter } from '../effects/pasta/start.ts';
import { bindPorts } from '../effects/ports/bind.ts';
import { hasTool } from '../effects/process/tool.ts';
import { slirpApi } from '../effects/slirp/api.ts';
import { slirpStarter } from '../effects/slirp/start.ts';
import { timerEffects } from '../effects/timer.ts';
import { openLog } from '../log.ts';
import type { PortMapping } from '../model/container.ts';
import { failureOf } from '../model/failure.ts';
import { hostMark } from '../private-host/place.ts';
import { settingsOf, uplinkDir, type Settings } from '../settings.ts';
import { startNetnsThread } from '../syscalls/netns-thread.ts';
import { stateOptions, type SupervisorConfig } from './config.ts';
import { askContainers } from './ask-containers.ts';
import { followNames, type NamesDeps, type NamesFollowed } from './follow-names.ts';
import { isIdle } from './idle.ts';
import { repairsOf } from './repairs.ts';
import { restoreOutside, tellLost } from './restore.ts';
import { rootlessNetnsEffects } from './rootless-netns.ts';

/** What is kept up outside of what the commands do. */
export interface Charge {
  readonly registry: Registry;
  /** As of {@link bindPorts}; nothing stays bound. */
  choosePorts(
    ports: readonly PortMapping[],
    taken: readonly PortMapping[]
  ): Promise<readonly PortMapping[]>;
  /** Whether nothing needs to be kept. */
  isIdle(): Promise<boolean>;
  close(): Promise<void>;
}

const UPLINK_START_MS = 10_000;
const API_MS = 2_000;
/** As long as the kernel keeps a client of UDP that both sides have talked to. */
const UDP_IDLE_MS = 120_000;
const FLOWS_MAX = 8_192;

/** Takes charge of what a state directory has outside, and brings back what a dead supervisor had. */
export async function openCharge(config: SupervisorConfig): Promise<Charge> {
  const settings = settingsOf(stateOptions(config));
  const log = openLog({});
  const store = await openStore(settings, log);
  const bus = createBus((error) => log.error({ err: error }, 'a subscriber of the bus threw'));
  const shutdown = new AbortController();
  const thread = startNetnsThread();
  const programs = uplinksOf(config, settings, {
    thread,
    log,
    onLost: (lost) => void onLost(lost)
  });
  const forwarder = forwarderOf(log);
  const registry: Registry = createRegistry({
    ...loopOf(settings, shutdown.signal),
    ...{ store, bus, log },
    effects: {
      ...elsewhere(INSIDE_REQUESTS),
      ...programs.effects,
      ...forwarderEffects(forwarder),
      ...rootlessNetnsEffects({ registry: () => registry, has: hasTool, pastaDns: PASTA_DNS }),
      ...timerEffects(Date.now)
    }
  });
  const repairs = repairsOf({ config, store, log, bus, signal: shutdown.signal });
  for (const incident of await restoreOutside(store, registry)) repairs.after(incident);
  const names = namesOf(config, { store, registry, log, signal: shutdown.signal });
  return {
    registry,
    async choosePorts(ports, taken) {
      const bound = await bindPorts(ports, taken, shutdown.signal);
      bound.close();
      return bound.ports;
    },
    isIdle: () => isIdle(store),
    async close() {
      await names?.close();
      await registry.idle();
      shutdown.abort();
      for (const part of [repairs, programs, forwarder, thread, store]) await part.close();
    }
  };

  async function onLost(lost: LostUplink): Promise<void> {
    if (shutdown.signal.aborted) return;
    try {
      repairs.after(await tellLost(registry, lost));
    } catch (error) {
      log.error({ failure: failureOf(error, 'supervisor') }, `restoring uplink ${lost.uplink}`);
    }
  }
}

/** Root's containers have an agent for it; a private host sees other files than its user's agent. */
function namesOf(
  config: SupervisorConfig,
  { signal, ...parts }: Omit<NamesDeps, 'refresh'> & { readonly signal: AbortSignal }
): NamesFollowed | undefined {
  if (config.host === null) return undefined;
  const because = 'the host’s resolv.conf or hosts changed';
  return followNames({
    ...parts,
    refresh: (ids) => askContainers({ config, signal }, 'refresh', ids, because)
  });
}

function forwarderOf(log: Logger) {
  return startForwarder({
    onTrouble: (failure) => log.warn({ failure }, failure.message),
    udpIdleMs: UDP_IDLE_MS,
    flowsMax: FLOWS_MAX
  });
}

interface UplinkParts {
  readonly thread: ReturnType<typeof startNetnsThread>;
  readonly log: Logger;
  readonly onLost: (lost: LostUplink) => void;
}

function uplinksOf(
  config: SupervisorConfig,
  settings: Settings,
  { thread, log, onLost }: UplinkParts
) {
  return uplinks({
    startSlirp: slirpStarter({
      thread,
      allowVulnerable: config.allowVulnerableSlirp,
      onTrouble: (failure) => log.warn({ failure }, failure.message)
    }),
    startPasta: pastaStarter({}),
    apiAt: (path) => slirpApi(path, { timeoutMs: API_MS }),
    runDir: () => {
      const dir = uplinkDir(settings);
      mkdirSync(join(dir, '..'), { recursive: true, mode: 0o755 });
      mkdirSync(dir, { recursive: true, mode: 0o700 });
      return dir;
    },
    env: hostMark(config.host),
    timeoutMs: UPLINK_START_MS,
    now: () => performance.now(),
    onLost
  });
}
