import { ftruncateSync, mkdirSync, rmdirSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { isOutside } from '../actors/routed.ts';
import { statOf, type ProcessId } from '../effects/process/proc.ts';
import { MooringError } from '../model/failure.ts';
import { keyText, type Key } from '../store/store.ts';
import { socketOf, type SupervisorConfig } from './config.ts';
import { guarded } from './guarded.ts';
import { LOCK_FD, writeKeepers } from './lock.ts';
import { serveSupervisor } from './server.ts';

const UNVISITED_MS = 5_000;

/**
 * Serves until nothing is up and nobody is at work, then takes the guard with it.
 *
 * @param options.onReady called when it can be asked
 */
export async function supervise(
  config: SupervisorConfig,
  { onReady }: { readonly onReady: () => void }
): Promise<void> {
  const { host, root, store, runDir } = config;
  const self = identityOf(process.pid);
  const guard = guarded(config, (guard) => {
    writeKeepers(LOCK_FD, { host: host?.id ?? '', runDir, guard, supervisor: self });
  });
  // Loaded while those who wait for it connect.
  const charge = import('./charge.ts').then(({ openCharge }) => openCharge(config));
  charge.catch(() => undefined);
  mkdirSync(runDir, { recursive: true, mode: 0o700 });
  let ended: () => void;
  const end = new Promise<void>((resolve) => (ended = resolve));
  let leaving = false;

  const server = await serveSupervisor(
    socketOf(config),
    {
      hello: async () => ({
        host: host?.id ?? '',
        root,
        store,
        supervisor: self,
        guard: guard.current()
      }),
      leave: async (_, asker) => {
        if (!leaving && (await isIdle())) {
          if ([...server.askers].every((one) => one === asker)) stop();
        }
        return { leaving };
      },
      ask: async ({ key, command, cause }) => {
        requireOutside(key);
        const { registry } = await charge;
        return registry.ask(key, command, cause === null ? {} : { cause });
      },
      settle: async ({ key }) => {
        requireOutside(key);
        return (await charge).registry.settle(key);
      },
      hostAddress: () => Promise.resolve(hostAddress()),
      choosePorts: async ({ ports, taken }) => (await charge).choosePorts(ports, taken)
    },
    () => void goIfAlone()
  );
  onReady();
  await charge;
  // Whoever had it started may have been killed since.
  const unvisited = setTimeout(() => void goIfAlone(), UNVISITED_MS);
  await end;
  clearTimeout(unvisited);
  await (await charge).close();
  guard.release();
  ftruncateSync(LOCK_FD);

  async function isIdle(): Promise<boolean> {
    return (await charge).isIdle();
  }

  /** One that was killed did not say that it goes. */
  async function goIfAlone(): Promise<void> {
    if (leaving || server.askers.size > 0) return;
    // A store that can't be read now can be asked when the next one goes.
    const idle = await isIdle().catch(() => false);
    if (idle && server.askers.size === 0) stop();
  }

  function stop(): void {
    if (leaving) return;
    leaving = true;
    server.stop();
    removeIfEmpty(runDir);
    ended();
  }
}

function hostAddress(): string {
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  const reachable = all.filter(({ internal, address }) => !internal && !address.startsWith('fe80'));
  const first = reachable.find(({ family }) => family === 'IPv4') ?? reachable[0];
  return first?.address ?? '';
}

/** The others are for those who are in the netns of their networks. */
function requireOutside(key: Key): void {
  if (isOutside(key.kind)) return;
  throw new MooringError('supervisor.unknown', `the supervisor does not run ${keyText(key)}`);
}

function identityOf(pid: number): ProcessId {
  const stat = statOf(pid);
  if (stat === undefined) throw new Error(`process ${pid} is not there`);
  return { pid: stat.pid, startTime: stat.startTime };
}

function removeIfEmpty(path: string): void {
  try {
    rmdirSync(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ENOTEMPTY' && code !== 'ENOENT') throw error;
  }
}
