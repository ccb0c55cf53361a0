import { createHash } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { isAbsolute, resolve } from 'node:path';
import type { MooringOptions } from './api.ts';
import type { Effects } from './effects/effects.ts';
import { MooringError } from './model/failure.ts';

/** Options of the library with every default filled in. */
export interface Settings {
  readonly root: string;
  readonly store: string;
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

/** @throws MooringError `mooring.badOption` naming the option and the rule */
export function settingsOf(options: MooringOptions): Settings {
  return {
    root: directory('root', options.root ?? DEFAULT_ROOT),
    store: options.store ?? 'embedded',
    confDir: directory('confDir', options.confDir ?? '/etc/cni/net.d'),
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
export function netnsName(root: string): (namespace: string) => string {
  if (root === DEFAULT_ROOT) return (namespace) => `mooring-${namespace}`;
  return (namespace) => `mooring.${hashOf(root)}-${namespace}`;
}

/** Where the name server of a root has its files until the next boot: `/run/mooring/names`. */
export function namesDir(root: string): string {
  return root === DEFAULT_ROOT ? '/run/mooring/names' : `/run/mooring/names.${hashOf(root)}`;
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
