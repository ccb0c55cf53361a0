import { join } from 'node:path';
import type { MooringOptions } from '../api.ts';
import type { PrivateHost } from '../model/private-host.ts';
import { hostMark, RECORD_PATH } from '../private-host/place.ts';
import { SOCKET_NAME } from './protocol.ts';

/** What a supervisor is started with; the environment carries it, as the store may have a password. */
export interface SupervisorConfig {
  /** The private host it is to build and keep; `null` for root, who needs none. */
  readonly host: PrivateHost | null;
  /** State directory. */
  readonly root: string;
  readonly store: string;
  /** Of this host in that store; `undefined`: its host name. */
  readonly hostName: string | undefined;
  /** Directory of its socket. */
  readonly runDir: string;
  /** Whether a slirp4netns with known faults may be started. */
  readonly allowVulnerableSlirp: boolean;
}

const VARIABLE = 'MOORING_SUPERVISOR';
const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

export function environOf(config: SupervisorConfig): Record<string, string> {
  return { PATH, [VARIABLE]: JSON.stringify(config), ...hostMark(config.host) };
}

/** @throws Error when this process was not started as a supervisor */
export function configOf(env: NodeJS.ProcessEnv): SupervisorConfig {
  const text = env[VARIABLE];
  if (text === undefined) throw new Error(`${VARIABLE} is not set: mooring starts the supervisor`);
  // Written by environOf.
  return JSON.parse(text) as SupervisorConfig;
}

/** Where its state is, as the library is told. */
export function stateOptions({
  root,
  store,
  hostName
}: SupervisorConfig): Pick<MooringOptions, 'root' | 'store' | 'hostName'> {
  return { root, store, ...(hostName !== undefined && { hostName }) };
}

export function socketOf({ runDir }: Pick<SupervisorConfig, 'runDir'>): string {
  return join(runDir, SOCKET_NAME);
}

/** A file that is there once the supervisor has what a later one can go on from. */
export function markOf({ host }: SupervisorConfig): string {
  return host === null ? '/' : RECORD_PATH;
}
