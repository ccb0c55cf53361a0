import type { JsonObject } from './json.ts';

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
  /** The whole file as it was parsed, unknown keys included. */
  readonly raw: JsonObject;
}

/** One plugin's object as it stands in the file. */
export type PluginConf = JsonObject & { readonly type: string };
