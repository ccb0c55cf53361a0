import { convertCniResult } from '../../model/cni-convert.ts';
import { parseCniResult, readCniResult } from '../../model/cni-parse.ts';
import type { CniResult } from '../../model/cni-result.ts';
import { isAtLeast } from '../../model/cni-version.ts';
import type { AttachmentPlan } from '../../model/container.ts';
import { failureOf, MooringError } from '../../model/failure.ts';
import type { JsonObject } from '../../model/json.ts';
import type { ResultCache } from './cache.ts';
import { excerpt, refusedError, type PluginCall } from './plugin-exec.ts';

/**
 * A result in the version that the list speaks.
 *
 * @throws MooringError `cni.badResult`, `cni.versionUnsupported`
 */
export function prevResultFor(type: string, result: CniResult, cniVersion: string): JsonObject {
  try {
    return convertCniResult(result, cniVersion);
  } catch (error) {
    const { code, message } = failureOf(error, 'cni', `${type} can't be given the result`);
    throw new MooringError(code, message, { cause: error });
  }
}

/**
 * What the plugins of one chain answer to ADD. Most hand on what they were given, which is read once.
 *
 * @throws what `resultOf` throws
 */
export function resultReader(cniVersion: string): (call: PluginCall, stdout: string) => CniResult {
  let last: { readonly stdout: string; readonly result: CniResult } | undefined;
  return (call, stdout) => {
    if (last?.stdout !== stdout) last = { stdout, result: resultOf(call, stdout, cniVersion) };
    return last.result;
  };
}

/**
 * What a plugin answered to ADD.
 *
 * @throws MooringError `cni.noResult`, `cni.badOutput`, `cni.badResult`, and the plugin's own
 *   code when it printed an error in spite of its exit status
 */
function resultOf(call: PluginCall, stdout: string, cniVersion: string): CniResult {
  const { type } = call;
  if (stdout.trim() === '') {
    throw new MooringError(
      'cni.noResult',
      `${type} answered ADD with success but without a result`
    );
  }
  const refused = refusedError(call, stdout);
  if (refused) throw refused;
  try {
    return parseCniResult(stdout, cniVersion);
  } catch (error) {
    const isJson = !(error instanceof MooringError && error.cause instanceof SyntaxError);
    const { code, message } = failureOf(error, 'cni', `${type} answered ADD with a bad result`);
    if (isJson) throw new MooringError(code, message, { cause: error });
    const text = `${type} answered ADD with something that is not JSON: ${excerpt(stdout)}`;
    throw new MooringError('cni.badOutput', text, { cause: error });
  }
}

/** Keeps what an ADD came to for other tools, and for its DEL. */
export interface ResultKeeper {
  /** Keeps the result so far; why it can't be is thrown by `keep`. */
  keepAside(result: CniResult): void;
  /** @throws MooringError `cni.cacheFailed` */
  keep(result: CniResult): void;
}

export function keeping(
  cache: ResultCache,
  plan: AttachmentPlan,
  { containerId, netnsPath }: { readonly containerId: string; readonly netnsPath: string }
): ResultKeeper {
  const { cniVersion } = plan.conflist;
  let kept: string | undefined;
  return {
    keepAside(result) {
      try {
        keep(result);
      } catch {
        // The plugin that runs meanwhile comes to its end; then it is tried again.
      }
    },
    keep
  };

  function keep(result: CniResult): void {
    // Most plugins of a chain hand on what they were given.
    const text = JSON.stringify(result);
    if (text === kept) return;
    // The oldest versions can't tell every result: it is kept as it is then, rather than not at all.
    const told = convertible(result, cniVersion) ? convertCniResult(result, cniVersion) : result;
    cache.write(plan, containerId, netnsPath, told as unknown as JsonObject);
    kept = text;
  }
}

/**
 * @returns `undefined` when nothing is kept
 * @throws MooringError `cni.cacheCorrupt`, `cni.badResult`, `cni.versionUnsupported`
 */
export function cachedResult(
  cache: ResultCache,
  plan: AttachmentPlan,
  containerId: string
): CniResult | undefined {
  const { network, ifName } = plan;
  const entry = cache.read({ network, ifName, containerId });
  if (entry?.result === undefined) return undefined;
  return readCniResult(entry.result, plan.conflist.cniVersion);
}

/** The same for DEL, which must go on when what is kept can't be read. */
export function cachedResultIfAny(
  cache: ResultCache,
  plan: AttachmentPlan,
  containerId: string
): CniResult | undefined {
  try {
    return cachedResult(cache, plan, containerId);
  } catch (error) {
    if (error instanceof MooringError) return undefined;
    throw error;
  }
}

function convertible({ ips = [] }: CniResult, cniVersion: string): boolean {
  return ips.length > 0 || isAtLeast(cniVersion, '0.3.0');
}
