import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { isAbsolute, resolve } from 'node:path';
import type { MooringOptions } from './api.ts';
import type { Effects } from './effects/effects.ts';
import { MooringError } from './model/failure.ts';
import { parseHostName } from './model/names.ts';
import { userConfDir, userRoot } from './private-host/directories.ts';
import { whereWeAre, type Place } from './private-host/place.ts';
import { livingKeepers } from './supervisor/lock.ts';

/** Options of the library with every default filled in. */
export interface Settings {
  readonly root: string;
  readonly store: string;
  /** Name of this host among those that share a store; `undefined`: its host name. */
  readonly hostName: string | undefined;
  readonly confDir: string;
  readonly pluginDirs: readonly string[];
  readonly pluginTimeoutMs: number;
  /** Between SIGTERM and SIGKILL. */
  readonly graceMs: number;
  readonly lockTimeoutMs: number;
  readonly concurrency: number;
  /** Whether we run in a virtual machine of podman's. */
  readonly machine: boolean;
  /** Whether published host ports are kept bound. */
  readonly reservePorts: boolean;
  readonly place: Place;
  /** Whether what would change anything is refused. */
  readonly readOnly: boolean;
  /** Whether a slirp4netns with known faults may be started. */
  readonly allowVulnerableSlirp: boolean;
}

/** What tests and benchmarks put around the effects, besides a host's options. */
export interface ComposeOptions extends MooringOptions {
  readonly wrapEffects?: (effects: Effects) => Effects;
}

export const DEFAULT_ROOT = '/var/lib/mooring';
/** Where `ip netns` looks. */
export const NETNS_DIR = '/run/netns';

/** The directories podman searches, in its order. */
const PLUGIN_DIRS = [
  '/usr/local/libexec/cni',
  '/usr/libexec/cni',
  '/usr/local/lib/cni',
  '/usr/lib/cni',
  '/opt/cni/bin'
];

const GRACE_MS = 2_000;
const HOUR_MS = 3_600_000;

/**
 * @throws MooringError `mooring.badOption` naming the option and the rule; `rootless.otherRoot` in a
 *   private host that was made for another state directory
 */
export function settingsOf(options: MooringOptions): Settings {
  const place = whereWeAre();
  const root = directory('root', options.root ?? defaultRoot(place));
  const store = options.store ?? 'embedded';
  if (place.kind === 'inside') requireOwn(place, root, store);
  return {
    place,
    root,
    store,
    hostName: options.hostName === undefined ? undefined : parseHostName(options.hostName),
    readOnly: options.readOnly ?? false,
    allowVulnerableSlirp: options.allowVulnerableSlirp ?? false,
    confDir: directory('confDir', options.confDir ?? defaultConfDir(place)),
    pluginDirs: (options.pluginDirs ?? PLUGIN_DIRS).map((dir) => directory('pluginDirs', dir)),
    pluginTimeoutMs: whole('pluginTimeoutMs', options.pluginTimeoutMs ?? 60_000, 1, HOUR_MS),
    graceMs: GRACE_MS,
    lockTimeoutMs: whole('lockTimeoutMs', options.lockTimeoutMs ?? 120_000, 0, HOUR_MS),
    concurrency: whole('concurrency', options.concurrency ?? 2 * availableParallelism(), 1, 1_024),
    machine: options.machine ?? false,
    reservePorts: options.reservePorts ?? true
  };
}

/**
 * File name of a container's netns below `/run/netns`: `mooring-web`.
 *
 * Another root's names carry its hash, so that two roots never claim one path.
 */
export function netnsName(settings: RootAndPlace): (namespace: string) => string {
  if (hasRunAlone(settings)) return (namespace) => `mooring-${namespace}`;
  return (namespace) => `mooring.${hashOf(settings.root)}-${namespace}`;
}

/** Where the name server of a root has its files until the next boot: `/run/mooring/names`. */
export function namesDir(settings: RootAndPlace): string {
  return runDir(settings, 'names');
}

/** Where the API sockets of a root's uplinks are, until the next boot. */
export function uplinkDir(settings: RootAndPlace): string {
  return runDir(settings, 'uplinks');
}

/** Directory of the supervisor's socket, for root. */
export function supervisorDir(settings: RootAndPlace): string {
  return runDir(settings, 'supervisor');
}

function runDir(settings: RootAndPlace, name: string): string {
  const directory = `/run/mooring/${name}`;
  return hasRunAlone(settings) ? directory : `${directory}.${hashOf(settings.root)}`;
}

type RootAndPlace = Pick<Settings, 'root' | 'place'>;

// A private host has a `/run` of its own, and one root.
function hasRunAlone({ root, place }: RootAndPlace): boolean {
  return root === DEFAULT_ROOT || place.kind === 'inside';
}

/**
 * Boot of the host, and for a user without root of the private host too: what is recorded of the
 * kernel is true no longer when either is another.
 */
export function bootOf({ place, root }: Settings): string {
  const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  switch (place.kind) {
    case 'host':
      return boot;
    case 'inside':
      return `${boot}/${place.host.id}`;
    case 'outside':
      return `${boot}/${livingKeepers(root)?.host ?? ''}`;
  }
}

function defaultRoot(place: Place): string {
  if (place.kind === 'host') return DEFAULT_ROOT;
  return place.kind === 'inside' ? place.host.root : userRoot(process.env);
}

function defaultConfDir(place: Place): string {
  if (place.kind === 'host') return '/etc/cni/net.d';
  return place.kind === 'inside' ? place.host.confDir : userConfDir(process.env);
}

function requireOwn(
  { host }: Extract<Place, { readonly kind: 'inside' }>,
  root: string,
  store: string
): void {
  if (host.root === root && host.store === store) return;
  throw new MooringError(
    'rootless.otherRoot',
    `this is the private host of ${host.root}, and ${root} has its own`
  );
}

function hashOf(root: string): string {
  return createHash('sha256').update(root).digest('hex').slice(0, 8);
}

function directory(option: string, path: string): string {
  if (typeof path === 'string' && isAbsolute(path) && !path.includes('\0')) return resolve(path);
  throw new MooringError(
    'mooring.badOption',
    `${option} ${JSON.stringify(path)} must be an absolute path`
  );
}

function whole(option: string, value: number, least: number, most: number): number {
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw new MooringError(
    'mooring.badOption',
    `${option} ${String(value)} must be a whole number from ${least} to ${most}`
  );
}
