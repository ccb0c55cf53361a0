import { declaredBy, expandCapabilities } from './attachment.ts';
import type { Conflist, PluginConf } from './conflist.ts';
import { MooringError } from './failure.ts';
import { isJsonObject, type Json, type JsonObject } from './json.ts';

/**
 * `CNI_ARGS` of an attachment, `IgnoreUnknown=1;K8S_POD_NAME=web`.
 *
 * Plugins split at `;` and `=` and know no quoting, so a part that holds one, or a
 * control character, is refused.
 *
 * @throws MooringError `cni.badArgs` naming the key
 */
export function cniArgsText(args: readonly (readonly [string, string])[]): string {
  return args.map(([key, value]) => `${argPart(key, key)}=${argPart(key, value)}`).join(';');
}

function argPart(key: string, part: string): string {
  // eslint-disable-next-line no-control-regex -- a newline would end the entry in some readers
  if (part !== '' && !/[;=\u0000-\u001f\u007f]/.test(part)) return part;
  throw new MooringError(
    'cni.badArgs',
    `CNI argument ${JSON.stringify(key)} must not be empty or hold ";", "=" or control characters`
  );
}

/**
 * What a plugin is given on stdin.
 *
 * `capabilities` stays in, as libcni leaves it, and so does a `prevResult` of the
 * file when there is none to put in its place.
 *
 * @param prevResult in the list's version
 * @see CNI specification 1.1.0, "Deriving plugin configuration"
 */
export function pluginStdin(
  { name, cniVersion }: Conflist,
  plugin: PluginConf,
  capabilityArgs: JsonObject,
  prevResult: JsonObject | undefined
): JsonObject {
  const runtimeConfig = runtimeConfigOf(plugin, capabilityArgs);
  return {
    ...plugin,
    name,
    cniVersion,
    ...(prevResult !== undefined && { prevResult }),
    ...(Object.keys(runtimeConfig).length > 0 && { runtimeConfig })
  };
}

/** Capabilities that the plugin declares and somebody supplies. */
function runtimeConfigOf(plugin: PluginConf, supplied: JsonObject): JsonObject {
  const declared = Object.entries(supplied).filter(([name]) => declaredBy(plugin, name));
  return expandCapabilities(Object.fromEntries(declared));
}

/** A plugin's error object, when that is what it printed. */
export interface CniErrorObject {
  /** 0 when it named none. */
  readonly code: number;
  readonly msg: string;
  readonly details: string;
}

/**
 * Reads the error object that a failed plugin prints on stdout.
 *
 * @returns `undefined` when it is no JSON object
 * @see CNI specification 1.1.0, section 5, "Error"
 */
export function parseCniError(stdout: string): CniErrorObject | undefined {
  let value: unknown;
  try {
    value = JSON.parse(stdout);
  } catch {
    return undefined;
  }
  if (!isJsonObject(value)) return undefined;
  const { code, msg, details } = value;
  return {
    code: Number.isSafeInteger(code) ? (code as number) : 0,
    msg: textOf(msg),
    details: textOf(details)
  };
}

function textOf(value: Json | undefined): string {
  return typeof value === 'string' ? value : '';
}
