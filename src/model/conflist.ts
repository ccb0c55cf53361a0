import { isAtLeast, CNI_CURRENT, compareCniVersions } from './cni-version.ts';
import { MooringError } from './failure.ts';
import { isJsonObject, type JsonObject } from './json.ts';
import { parseNetworkName, parsePluginType } from './names.ts';

/**
 * A CNI network configuration list after every rule of loading has been applied.
 *
 * @see CNI specification 1.1.0, section 1
 */
export interface Conflist {
  readonly name: string;
  /** The version to speak with its plugins, chosen from `cniVersions`. */
  readonly cniVersion: string;
  readonly disableCheck: boolean;
  readonly disableGC: boolean;
  readonly loadOnlyInlinedPlugins: boolean;
  /** In ADD order, those of the sub-directory last. Unknown keys are kept. */
  readonly plugins: readonly PluginConf[];
  /** The file as it was parsed, unknown keys included and `plugins` left out. */
  readonly raw: JsonObject;
}

/** One plugin's object as it stands in the file. */
export type PluginConf = JsonObject & { readonly type: string };

/** A file's name, for messages, and what it holds. */
export interface ConfFile {
  /** Absolute path. */
  readonly file: string;
  readonly text: string;
}

/**
 * Reads a configuration list.
 *
 * @param readMore gives the files of the network's sub-directory, sorted; called with a
 *   parsed name, and only when the list lets further plugins be added
 * @throws MooringError `conflist.badJson`, `.badName`, `.badVersion`, `.badFlag`, `.badPlugin`,
 *   `.badPluginType`, `.noPlugins`, `.tooDeep`; the message names the file and the rule
 */
export function parseConflist(
  { file, text }: ConfFile,
  readMore: (network: string) => readonly ConfFile[]
): Conflist {
  const raw = parseObject(file, text);
  const name = nameOf(file, raw);
  const loadOnlyInlinedPlugins = flagOf(file, raw, 'loadOnlyInlinedPlugins');
  const inlined = inlinedPlugins(file, raw, loadOnlyInlinedPlugins);
  const further = loadOnlyInlinedPlugins ? [] : readMore(name).map(parsePluginFile);
  const plugins = [...inlined, ...further];
  if (plugins.length === 0) throw bad('noPlugins', file, 'it has no plugins');
  const { plugins: _plugins, ...rest } = raw;
  return {
    name,
    cniVersion: versionOf(file, raw),
    disableCheck: flagOf(file, raw, 'disableCheck'),
    disableGC: flagOf(file, raw, 'disableGC'),
    loadOnlyInlinedPlugins,
    plugins,
    raw: rest
  };
}

/**
 * Reads a configuration of one plugin, the form of CNI 0.x, as a list of one.
 *
 * @throws MooringError as {@link parseConflist}
 */
export function parseSingleConf({ file, text }: ConfFile): Conflist {
  const conf = parseObject(file, text);
  if (conf['type'] === undefined && conf['plugins'] !== undefined) {
    throw bad('badPlugin', file, 'it holds a list of plugins, so its name must end in .conflist');
  }
  const plugin = pluginOf(file, conf, 'it');
  const name = nameOf(file, conf);
  const cniVersion = versionOf(file, conf);
  return {
    name,
    cniVersion,
    disableCheck: false,
    disableGC: false,
    loadOnlyInlinedPlugins: true,
    plugins: [plugin],
    raw: { name, cniVersion, loadOnlyInlinedPlugins: true }
  };
}

/** The list as one JSON object that needs no sub-directory and no choice of version any more. */
export function expandConflist({ raw, name, cniVersion, plugins }: Conflist): JsonObject {
  return { ...raw, cniVersion, name, plugins };
}

function parsePluginFile({ file, text }: ConfFile): PluginConf {
  return pluginOf(file, parseObject(file, text), 'it');
}

function parseObject(file: string, text: string): JsonObject {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw bad('badJson', file, `it is not JSON: ${reason}`, error);
  }
  if (!isJsonObject(value)) throw bad('badJson', file, 'it must be a JSON object');
  if (isDeeperThan(value, MAX_DEPTH)) {
    throw bad('tooDeep', file, `it is nested deeper than ${MAX_DEPTH} levels`);
  }
  return value;
}

// What is nested deeper cannot be written again: JSON.stringify is recursive.
const MAX_DEPTH = 100;

function isDeeperThan(value: unknown, depth: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return depth === 0 || Object.values(value).some((item) => isDeeperThan(item, depth - 1));
}

function nameOf(file: string, raw: JsonObject): string {
  const { name } = raw;
  if (name === undefined) throw bad('badName', file, 'it has no name');
  if (typeof name !== 'string') throw bad('badName', file, 'name must be a string');
  try {
    return parseNetworkName(name);
  } catch (error) {
    throw bad('badName', file, error instanceof Error ? error.message : String(error), error);
  }
}

/**
 * The highest version that is implemented here, of those offered.
 *
 * A lone `cniVersion` is taken as it is: its plugins may know it though we don't.
 */
function versionOf(file: string, raw: JsonObject): string {
  const { cniVersion = '', cniVersions } = raw;
  if (cniVersions !== undefined && !Array.isArray(cniVersions)) {
    throw bad('badVersion', file, 'cniVersions must be a list');
  }
  const offered = [cniVersion, ...((cniVersions ?? []) as unknown[])];
  try {
    const versions = offered.map((version) => versionText(file, version));
    if (cniVersions === undefined) return versions[0] ?? '';
    return highestKnown(
      file,
      versions.filter((version) => version !== '')
    );
  } catch (error) {
    if (error instanceof MooringError && error.code.startsWith('conflist.')) throw error;
    throw bad('badVersion', file, error instanceof Error ? error.message : String(error), error);
  }
}

function highestKnown(file: string, versions: readonly string[]): string {
  const known = versions.filter((version) => isAtLeast(CNI_CURRENT, version));
  if (known.length === 0 && versions.length > 0) {
    const rule = `every one of its CNI versions is higher than ${CNI_CURRENT}`;
    throw bad('badVersion', file, `${rule}: ${versions.join(', ')}`);
  }
  return known.reduce((best, next) => (compareCniVersions(next, best) >= 0 ? next : best), '');
}

function versionText(file: string, version: unknown): string {
  if (typeof version !== 'string') throw bad('badVersion', file, 'a CNI version must be a string');
  compareCniVersions(version, CNI_CURRENT);
  return version;
}

function flagOf(file: string, raw: JsonObject, key: string): boolean {
  const value = raw[key] ?? false;
  const text = typeof value === 'string' ? value.toLowerCase() : value;
  if (text === true || text === 'true') return true;
  if (text === false || text === 'false') return false;
  throw bad('badFlag', file, `${key} must be true or false, not ${JSON.stringify(value)}`);
}

function inlinedPlugins(
  file: string,
  { plugins }: JsonObject,
  onlyInlined: boolean
): readonly PluginConf[] {
  if (plugins === undefined && !onlyInlined) return [];
  if (plugins === undefined) {
    throw bad('noPlugins', file, 'it has no plugins, and loadOnlyInlinedPlugins is true');
  }
  if (!Array.isArray(plugins)) throw bad('badPlugin', file, 'plugins must be a list');
  if (plugins.length === 0) throw bad('noPlugins', file, 'its list of plugins is empty');
  return plugins.map((plugin: unknown, index) => pluginOf(file, plugin, `plugins[${index}]`));
}

function pluginOf(file: string, plugin: unknown, where: string): PluginConf {
  if (!isJsonObject(plugin)) throw bad('badPlugin', file, `${where} must be an object`);
  if (plugin['type'] === undefined) throw bad('badPlugin', file, `${where} has no type`);
  const type = typeOf(file, plugin['type'], where);
  for (const key of ['ipam', 'delegate']) {
    const inner = plugin[key];
    const innerType = isJsonObject(inner) ? (inner['type'] ?? '') : '';
    if (innerType !== '') typeOf(file, innerType, `${where}.${key}`);
  }
  return { ...plugin, type };
}

function typeOf(file: string, type: unknown, where: string): string {
  try {
    return parsePluginType(type);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw bad('badPluginType', file, `${where}: ${reason}`, error);
  }
}

function bad(reason: string, file: string, rule: string, cause?: unknown): MooringError {
  return new MooringError(`conflist.${reason}`, `${file}: ${rule}`, { cause });
}
