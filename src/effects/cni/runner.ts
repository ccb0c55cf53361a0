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
import type { StartWaiting } from '../process/waiting.ts';
import { ahead, type Ahead } from './ahead.ts';
import { resultCache, type ResultCache } from './cache.ts';
import {
  cachedResult,
  cachedResultIfAny,
  keeping,
  prevResultFor,
  resultReader
} from './chain-result.ts';
import {
  excerpt,
  execPlugin,
  type CniCommand,
  type CniEnv,
  type PluginCall
} from './plugin-exec.ts';
import { attempt, joined, tried } from './past-failures.ts';
import { findPlugin } from './plugins.ts';

export interface CniRunnerDeps {
  readonly run: RunProcess;
  /** Starts a plugin before it is its turn. */
  readonly startWaiting: StartWaiting;
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
  /** Called before the first plugin is told anything; no plugin is run when it throws. */
  readonly before?: () => void | Promise<void>;
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
      inTurn(chain, 'ADD', { plan, target }, (order, run) => add(order, run, kept)),
    del: (plan, target, result) =>
      inTurn(chain, 'DEL', { plan, target }, (order, run) => del(order, run, result)),
    check: (plan, target, result) =>
      inTurn(chain, 'CHECK', { plan, target }, (order, run) => check(order, run, result))
  };
}

type Chain = CniRunnerDeps & { readonly cache: ResultCache };

/** A chain on one of its ways. */
type Order = Chain & { readonly plugins: readonly PluginConf[]; readonly ahead: Ahead };

function inTurn<Answer>(
  chain: Chain,
  command: ChainCommand,
  run: Run,
  work: (order: Order, run: Run) => Promise<Answer>
): Promise<Answer> {
  const { plan, target } = run;
  return named(plan, target, async () => {
    const machineHost = command === 'ADD' ? await chain.machineHost?.() : undefined;
    const { plugins: forward } = plan.conflist;
    const plugins = command === 'DEL' ? forward.toReversed() : forward;
    const next = ahead(plugins, chain.pluginDirs, chain.startWaiting);
    try {
      const env = envOf(chain, command, { ...run, machineHost });
      await next.start({ env, operation: target.operation });
      await target.before?.();
      return await work({ ...chain, plugins, ahead: next }, { ...run, machineHost });
    } finally {
      await next.close();
    }
  });
}

type ChainCommand = Exclude<CniCommand, 'VERSION'>;

interface Run {
  readonly plan: AttachmentPlan;
  readonly target: CniTarget;
  readonly machineHost?: string | undefined;
}

async function add(chain: Order, run: Run, kept: AttachmentPlan): Promise<CniResult> {
  const { plugins, ahead } = chain;
  const { plan, target } = run;
  const readResult = resultReader(plan.conflist.cniVersion);
  // Before the first one changes anything.
  plugins.forEach(({ type }) => findPlugin(type, chain.pluginDirs));
  const keeper = keeping(chain.cache, kept, target);
  let result: CniResult | undefined;
  for (const [index, plugin] of plugins.entries()) {
    const turn = { ...run, plugin, prevResult: result };
    const call = callOf(chain, 'ADD', turn);
    // An ADD that fails, or is killed, is followed by DEL: plugins that go by addresses need them then.
    const first = index === 1 && result?.ips?.length ? result : undefined;
    const keepFirst = (): void => {
      if (first !== undefined) keeper.keepAside(first);
    };
    const answer = await exec(chain, ahead.at(index, call, keepFirst)).finally(keepFirst);
    result = readResult(call, answer);
    if (await publishesRanges(chain, turn)) continue;
    // Its rules are of a kind we don't know, so it has to make them all.
    await exec(chain, callOf(chain, 'DEL', { ...turn, prevResult: result }));
    const again = callOf(chain, 'ADD', turn, 'every port');
    result = readResult(again, await exec(chain, again));
  }
  const final = result ?? { cniVersion: CNI_CURRENT };
  keeper.keep(final);
  return final;
}

async function publishesRanges(chain: Chain, { plan, target, plugin }: Turn): Promise<boolean> {
  if (!takesFirst(chain, plugin)) return true;
  return chain.ranges!.publishRest(plan, target.containerId, target);
}

function takesFirst({ ranges }: Chain, plugin: PluginConf): boolean {
  return declaredBy(plugin, 'portMappings') && ranges?.takesFirst(plugin) === true;
}

async function del(chain: Order, run: Run, result: CniResult | undefined): Promise<void> {
  const { plan, target } = run;
  const prevResult = takesPrevResult(plan)
    ? (result ?? cachedResultIfAny(chain.cache, plan, target.containerId))
    : undefined;
  const calls = chain.plugins.map((plugin) =>
    tried(() => callOf(chain, 'DEL', { ...run, plugin, prevResult }))
  );
  const errors: unknown[] = [];
  for (const [index, call] of calls.entries()) {
    // What is stopped is stopped as a whole: the signal says that another goes on.
    if (target.signal.aborted && errors.length > 0) break;
    await attempt(errors, () => exec(chain, chain.ahead.at(index, call())));
  }
  if (errors.length > 0) throw joined(errors);
  const { network, ifName } = plan;
  chain.cache.remove({ network, ifName, containerId: target.containerId });
}

async function check(chain: Order, run: Run, result: CniResult | undefined): Promise<void> {
  const { plan, target } = run;
  const { cniVersion, disableCheck } = plan.conflist;
  if (!takesPrevResult(plan)) {
    const text = `CNI ${cniVersion || '0.1.0'} has no CHECK, which came with 0.4.0`;
    throw new MooringError('cni.checkUnsupported', text);
  }
  if (disableCheck) return;
  const prevResult = result ?? cachedResult(chain.cache, plan, target.containerId);
  for (const [index, plugin] of chain.plugins.entries()) {
    const call = callOf(chain, 'CHECK', { ...run, plugin, prevResult });
    await exec(chain, chain.ahead.at(index, call));
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
}

function callOf(
  chain: Chain,
  command: CniCommand,
  turn: Turn,
  ports: 'as it takes them' | 'every port' = 'as it takes them'
): PluginCall {
  const { pluginDirs, timeouts } = chain;
  const { plan, target, plugin, prevResult } = turn;
  const { conflist } = plan;
  const isNarrow = ports !== 'every port' && takesFirst(chain, plugin);
  const supplied = isNarrow ? firstOfWide(plan.capabilityArgs) : plan.capabilityArgs;
  const { type } = plugin;
  const converted = prevResult && prevResultFor(type, prevResult, conflist.cniVersion);
  return {
    type,
    file: findPlugin(type, pluginDirs).file,
    command,
    env: envOf(chain, command, turn),
    stdin: pluginStdin(conflist, plugin, supplied, converted),
    limits: { timeoutMs: timeoutOf(command, timeouts), graceMs: timeouts.graceMs },
    operation: target.operation,
    signal: target.signal
  };
}

function envOf(
  { pluginDirs }: Chain,
  command: CniCommand,
  { plan: { args, ifName }, target, machineHost }: Run
): CniEnv {
  return {
    CNI_COMMAND: command,
    CNI_CONTAINERID: parseContainerId(target.containerId),
    CNI_NETNS: target.netnsPath,
    CNI_IFNAME: parseInterfaceName(ifName),
    CNI_ARGS: cniArgsText(args),
    CNI_PATH: pluginDirs.join(':'),
    ...(machineHost !== undefined && { PODMAN_MACHINE_HOST: machineHost })
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
