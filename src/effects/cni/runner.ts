import { declaredBy } from '../../model/attachment.ts';
import { cniArgsText, pluginStdin } from '../../model/cni-args.ts';
import type { CniResult } from '../../model/cni-result.ts';
import { isAtLeast, CNI_CURRENT } from '../../model/cni-version.ts';
import type { PluginConf } from '../../model/conflist.ts';
import type { AttachmentPlan } from '../../model/container.ts';
import { failureOf, MooringError } from '../../model/failure.ts';
import { parseContainerId, parseInterfaceName, parseNetworkName } from '../../model/names.ts';
import { firstOfWide } from '../../model/wide-ports.ts';
import type { WideRanges } from '../ports/wide.ts';
import type { RunProcess } from '../process/run.ts';
import { resultCache, type ResultCache } from './cache.ts';
import {
  cachedResult,
  cachedResultIfAny,
  keepResult,
  prevResultFor,
  resultOf
} from './chain-result.ts';
import { excerpt, execPlugin, type CniCommand, type PluginCall } from './plugin-exec.ts';
import { findPlugin } from './plugins.ts';

export interface CniRunnerDeps {
  readonly run: RunProcess;
  /** Absolute paths, searched in this order; they become `CNI_PATH`. */
  readonly pluginDirs: readonly string[];
  /** Results are kept in `results` below it. */
  readonly cacheDir: string;
  readonly timeouts: CniTimeouts;
  /** Publishes wide port ranges; without it plugins are given every port of them. */
  readonly ranges?: WideRanges;
  /**
   * Address of the virtual machine that we run in, for ADD of the plugin podman-machine; absent
   * where there is none. What it throws makes ADD fail before a plugin is run.
   */
  readonly machineHost?: () => Promise<string>;
  /** What a plugin logged although it succeeded, in one line that names it. */
  readonly onLog?: (line: string) => void;
}

/** How long one plugin may take; `graceMs` is between SIGTERM and SIGKILL. */
export interface CniTimeouts {
  readonly addMs: number;
  readonly delMs: number;
  readonly checkMs: number;
  readonly graceMs: number;
}

/** For whom a chain is run. */
export interface CniTarget {
  readonly containerId: string;
  /** Absolute path; `''` for a DEL when it is gone. */
  readonly netnsPath: string;
  readonly operation: string;
  readonly signal: AbortSignal;
}

/**
 * Runs the chain of a conflist. Every failure is a MooringError whose message reads
 * `front for web: portmap refused ADD: …`; its code is `cni.<number>` with the
 * plugin's own number, or one of those of `execPlugin`, `cni.pluginNotFound`,
 * `cni.noResult`, `cni.badOutput`, `cni.badResult`, `cni.cacheFailed`.
 */
export interface CniRunner {
  /**
   * Runs ADD forward, each plugin given the result of the one before.
   *
   * A failure leaves behind what the plugins did: DEL must follow, and finds what the first of them
   * answered.
   *
   * @param kept the plan that other tools shall find in the cache; default `plan`
   */
  add(plan: AttachmentPlan, target: CniTarget, kept?: AttachmentPlan): Promise<CniResult>;

  /**
   * Runs DEL backward and past every plugin that fails, so that one broken plugin does not
   * keep the others' work in place; libcni stops at the first. All reasons are in the message.
   *
   * @param result what ADD answered; the cached one when it is `undefined`
   */
  del(plan: AttachmentPlan, target: CniTarget, result: CniResult | undefined): Promise<void>;

  /**
   * Runs CHECK forward, each plugin given the final result. A list with `disableCheck` passes.
   *
   * @throws MooringError `cni.checkUnsupported` below CNI 0.4.0, `cni.cacheCorrupt`
   */
  check(plan: AttachmentPlan, target: CniTarget, result: CniResult | undefined): Promise<void>;
}

export function cniRunner(deps: CniRunnerDeps): CniRunner {
  const chain: Chain = { ...deps, cache: resultCache(deps.cacheDir) };
  return {
    add: (plan, target, kept = plan) =>
      named(plan, target, () => add(chain, { plan, target }, kept)),
    del: (plan, target, result) => named(plan, target, () => del(chain, { plan, target }, result)),
    check: (plan, target, result) =>
      named(plan, target, () => check(chain, { plan, target }, result))
  };
}

type Chain = CniRunnerDeps & { readonly cache: ResultCache };

interface Run {
  readonly plan: AttachmentPlan;
  readonly target: CniTarget;
}

async function add(chain: Chain, { plan, target }: Run, kept: AttachmentPlan): Promise<CniResult> {
  const { plugins, cniVersion } = plan.conflist;
  // Before the first one changes anything.
  plugins.forEach(({ type }) => findPlugin(type, chain.pluginDirs));
  const machineHost = await chain.machineHost?.();
  let result: CniResult | undefined;
  for (const [index, plugin] of plugins.entries()) {
    // An ADD that fails, or is killed, is followed by DEL: plugins that go by addresses need them then.
    if (index === 1 && result?.ips?.length) keepResult(chain.cache, kept, target, result);
    const turn = { plan, target, plugin, prevResult: result, machineHost };
    const call = callOf(chain, 'ADD', turn);
    result = resultOf(call, await exec(chain, call), cniVersion);
    if (await publishesRanges(chain, turn)) continue;
    // Its rules are of a kind we don't know, so it has to make them all.
    await exec(chain, callOf(chain, 'DEL', { ...turn, prevResult: result }));
    const again = callOf(chain, 'ADD', turn, 'every port');
    result = resultOf(again, await exec(chain, again), cniVersion);
  }
  const final = result ?? { cniVersion: CNI_CURRENT };
  keepResult(chain.cache, kept, target, final);
  return final;
}

async function publishesRanges(chain: Chain, { plan, target, plugin }: Turn): Promise<boolean> {
  if (!takesFirst(chain, plugin)) return true;
  return chain.ranges!.publishRest(plan, target.containerId, target);
}

function takesFirst({ ranges }: Chain, plugin: PluginConf): boolean {
  return declaredBy(plugin, 'portMappings') && ranges?.takesFirst(plugin) === true;
}

async function del(chain: Chain, run: Run, result: CniResult | undefined): Promise<void> {
  const { plan, target } = run;
  const prevResult = takesPrevResult(plan)
    ? (result ?? cachedResultIfAny(chain.cache, plan, target.containerId))
    : undefined;
  const errors: unknown[] = [];
  for (const plugin of plan.conflist.plugins.toReversed()) {
    // What is stopped is stopped as a whole: the signal says that another goes on.
    if (target.signal.aborted && errors.length > 0) break;
    await attempt(errors, () => exec(chain, callOf(chain, 'DEL', { ...run, plugin, prevResult })));
  }
  if (errors.length > 0) throw joined(errors);
  const { network, ifName } = plan;
  chain.cache.remove({ network, ifName, containerId: target.containerId });
}

async function check(chain: Chain, run: Run, result: CniResult | undefined): Promise<void> {
  const { plan, target } = run;
  const { cniVersion, disableCheck, plugins } = plan.conflist;
  if (!takesPrevResult(plan)) {
    const text = `CNI ${cniVersion || '0.1.0'} has no CHECK, which came with 0.4.0`;
    throw new MooringError('cni.checkUnsupported', text);
  }
  if (disableCheck) return;
  const prevResult = result ?? cachedResult(chain.cache, plan, target.containerId);
  for (const plugin of plugins) {
    await exec(chain, callOf(chain, 'CHECK', { ...run, plugin, prevResult }));
  }
}

async function exec({ run, onLog }: Chain, call: PluginCall): Promise<string> {
  const { stdout, stderr } = await execPlugin(run, call);
  if (stderr !== '') onLog?.(`${call.type} on ${call.command}: ${excerpt(stderr)}`);
  return stdout;
}

interface Turn extends Run {
  readonly plugin: PluginConf;
  readonly prevResult: CniResult | undefined;
  readonly machineHost?: string | undefined;
}

function callOf(
  chain: Chain,
  command: CniCommand,
  { plan, target, plugin, prevResult, machineHost }: Turn,
  ports: 'as it takes them' | 'every port' = 'as it takes them'
): PluginCall {
  const { pluginDirs, timeouts } = chain;
  const { conflist, args, ifName } = plan;
  const isNarrow = ports !== 'every port' && takesFirst(chain, plugin);
  const supplied = isNarrow ? firstOfWide(plan.capabilityArgs) : plan.capabilityArgs;
  const { type } = plugin;
  const converted = prevResult && prevResultFor(type, prevResult, conflist.cniVersion);
  return {
    type,
    file: findPlugin(type, pluginDirs).file,
    command,
    env: {
      CNI_COMMAND: command,
      CNI_CONTAINERID: parseContainerId(target.containerId),
      CNI_NETNS: target.netnsPath,
      CNI_IFNAME: parseInterfaceName(ifName),
      CNI_ARGS: cniArgsText(args),
      CNI_PATH: pluginDirs.join(':'),
      ...(machineHost !== undefined && { PODMAN_MACHINE_HOST: machineHost })
    },
    stdin: pluginStdin(conflist, plugin, supplied, converted),
    limits: { timeoutMs: timeoutOf(command, timeouts), graceMs: timeouts.graceMs },
    operation: target.operation,
    signal: target.signal
  };
}

function timeoutOf(command: CniCommand, { addMs, delMs, checkMs }: CniTimeouts): number {
  if (command === 'ADD') return addMs;
  return command === 'DEL' ? delMs : checkMs;
}

// CHECK, and a result for DEL, came with 0.4.0.
function takesPrevResult({ conflist }: AttachmentPlan): boolean {
  return isAtLeast(conflist.cniVersion, '0.4.0');
}

async function attempt(errors: unknown[], work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch (error) {
    errors.push(error);
  }
}

/** One error for several: the code of the first, the reasons of all. */
function joined(errors: readonly unknown[]): MooringError {
  const failures = errors.map((error) => failureOf(error, 'cni'));
  const message = failures.map(({ message }) => message).join('; ');
  return new MooringError(failures[0]!.code, message, { cause: errors[0] });
}

async function named<Result>(
  { network }: AttachmentPlan,
  { containerId }: CniTarget,
  work: () => Promise<Result>
): Promise<Result> {
  parseNetworkName(network);
  parseContainerId(containerId);
  try {
    return await work();
  } catch (error) {
    const { code, message } = failureOf(error, 'cni', `${network} for ${containerId}`);
    throw new MooringError(code, message, { cause: error });
  }
}
