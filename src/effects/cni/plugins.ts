import { statSync, type BigIntStats } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import type { Conflist, PluginConf } from '../../model/conflist.ts';
import { CNI_CURRENT, CNI_VERSIONS } from '../../model/cni-version.ts';
import { failureOf, MooringError } from '../../model/failure.ts';
import { isJsonObject } from '../../model/json.ts';
import { parsePluginType } from '../../model/names.ts';
import type { RunProcess } from '../process/run.ts';
import { execPlugin, type PluginLimits } from './plugin-exec.ts';
import { parseVersionReply } from './version-reply.ts';
import { versionCache } from './version-cache.ts';

/** On whose behalf plugins are run, so that what they leave can be found. */
export interface PluginCaller {
  readonly operation: string;
  readonly signal: AbortSignal;
}

export interface CniPlugins {
  /**
   * Path of a plugin's binary.
   *
   * @throws MooringError `cni.badPluginType`, `cni.pluginNotFound`
   */
  find(type: string): string;

  /** Whether there is a binary of that name. */
  has(type: string): boolean;

  /**
   * CNI versions a plugin says it speaks, as it says them.
   *
   * @throws MooringError as `find`, and `cni.badOutput` and the like when it does not say
   */
  versions(type: string, caller: PluginCaller): Promise<readonly string[]>;

  /**
   * The highest version that all of them speak and that is implemented here.
   *
   * @throws MooringError `cni.noCommonVersion`, and as `versions`
   */
  highestCommonVersion(types: readonly string[], caller: PluginCaller): Promise<string>;

  /**
   * Checks that every plugin of the list, those it uses for IPAM included, exists and speaks its version.
   *
   * @throws MooringError `cni.versionUnsupported`, and as `versions`; the message names the network
   */
  validate(conflist: Conflist, caller: PluginCaller): Promise<void>;
}

export interface CniPluginsDeps {
  readonly run: RunProcess;
  /** Absolute paths, searched in this order. */
  readonly pluginDirs: readonly string[];
  /** JSON file in which what binaries have answered is kept. */
  readonly versionCachePath: string;
  readonly limits: PluginLimits;
}

export function cniPlugins(deps: CniPluginsDeps): CniPlugins {
  const cache = versionCache(deps.versionCachePath);

  async function versions(type: string, caller: PluginCaller): Promise<readonly string[]> {
    const { file, stat } = findPlugin(type, deps.pluginDirs);
    const known = cache.get(file, stat);
    if (known) return known;
    const answer = parseVersionReply(type, await probe(deps, { type, file }, caller));
    cache.set(file, stat, answer);
    return answer;
  }

  return {
    find: (type) => findPlugin(type, deps.pluginDirs).file,
    has: (type) => isThere(type, deps.pluginDirs),
    versions,

    async highestCommonVersion(types, caller) {
      let common: readonly string[] = CNI_VERSIONS;
      for (const type of types) {
        const spoken = await versions(type, caller);
        common = common.filter((version) => spoken.includes(version));
      }
      const highest = common.at(-1);
      if (highest !== undefined) return highest;
      const names = types.join(', ');
      throw new MooringError('cni.noCommonVersion', `no CNI version is spoken by all of ${names}`);
    },

    async validate(conflist, caller) {
      try {
        for (const type of typesOf(conflist)) {
          checkVersion(type, conflist.cniVersion, await versions(type, caller));
        }
      } catch (error) {
        const { code, message } = failureOf(error, 'cni', `network ${conflist.name}`);
        throw new MooringError(code, message, { cause: error });
      }
    }
  };
}

// Plugins older than the command insist on variables it does not need.
const VERSION_ENV = {
  CNI_COMMAND: 'VERSION',
  CNI_CONTAINERID: '',
  CNI_NETNS: 'dummy',
  CNI_IFNAME: 'dummy',
  CNI_ARGS: '',
  CNI_PATH: 'dummy'
} as const;

async function probe(
  { run, limits }: CniPluginsDeps,
  plugin: { readonly type: string; readonly file: string },
  caller: PluginCaller
): Promise<string> {
  try {
    const stdin = { cniVersion: CNI_CURRENT };
    const call = { ...plugin, command: 'VERSION', env: VERSION_ENV, stdin, limits } as const;
    return (await execPlugin(run, { ...call, ...caller })).stdout;
  } catch (error) {
    if (error instanceof MooringError && UNKNOWN_COMMAND.test(error.message)) return FIRST_REPLY;
    throw error;
  }
}

// What a plugin answers that is older than VERSION itself, CNI specification 0.1.0.
const UNKNOWN_COMMAND = /unknown CNI_COMMAND: VERSION/;
const FIRST_REPLY = '{"cniVersion":"0.1.0","supportedVersions":["0.1.0"]}';

function checkVersion(type: string, cniVersion: string, spoken: readonly string[]): void {
  const version = cniVersion === '' ? '0.1.0' : cniVersion;
  if (spoken.includes(version)) return;
  throw new MooringError(
    'cni.versionUnsupported',
    `plugin ${type} does not speak CNI ${version}, only ${spoken.join(', ') || 'no version at all'}`
  );
}

/** Types of all plugins the list runs, without repetition; a list is loaded once for all containers. */
function typesOf(conflist: Conflist): readonly string[] {
  const known = types.get(conflist);
  if (known !== undefined) return known;
  const { plugins } = conflist;
  const found = [...new Set(plugins.flatMap((plugin) => [plugin.type, ...ipamTypeOf(plugin)]))];
  types.set(conflist, found);
  return found;
}

const types = new WeakMap<Conflist, readonly string[]>();

function ipamTypeOf({ ipam }: PluginConf): string[] {
  const type = isJsonObject(ipam) ? ipam['type'] : undefined;
  return typeof type === 'string' && type !== '' ? [type] : [];
}

/**
 * The first regular file of that name in the directories, links followed.
 *
 * @throws MooringError `cni.badPluginType`, `cni.badPluginDir`, `cni.pluginNotFound`
 */
export function findPlugin(
  type: string,
  dirs: readonly string[]
): { readonly file: string; readonly stat: BigIntStats } {
  const name = parsePluginType(type);
  if (dirs.length === 0) {
    throw new MooringError('cni.pluginNotFound', `plugin ${name}: no plugin directory is given`);
  }
  for (const dir of dirs) {
    const file = join(checkDir(dir), name);
    const stat = statSync(file, { bigint: true, throwIfNoEntry: false });
    if (stat?.isFile()) return { file, stat };
  }
  throw new MooringError('cni.pluginNotFound', `plugin ${name}: not found in ${dirs.join(', ')}`);
}

// CNI_PATH separates directories by colons and knows no quoting.
function checkDir(dir: string): string {
  if (isAbsolute(dir) && !dir.includes(':') && !dir.includes('\0')) return dir;
  throw new MooringError(
    'cni.badPluginDir',
    `plugin directory ${JSON.stringify(dir)} must be an absolute path without ":"`
  );
}

function isThere(type: string, pluginDirs: readonly string[]): boolean {
  try {
    findPlugin(type, pluginDirs);
    return true;
  } catch (error) {
    if (error instanceof MooringError && error.code === 'cni.pluginNotFound') return false;
    throw error;
  }
}
