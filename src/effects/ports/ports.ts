import type { PortMapping } from '../../model/container.ts';
import { MooringError } from '../../model/failure.ts';
import { portsOverlap } from '../../model/port-conflicts.ts';
import { hostPortText } from '../../model/port.ts';
import type { Store } from '../../store/store.ts';
import type { EffectContext } from '../effects.ts';
import type { RunTool } from '../firewall/iptables.ts';
import type { ProcessId } from '../process/proc.ts';
import { bindPorts, type BoundPorts } from './bind.ts';
import { endKeeper, endKeepers, isKeeping, startKeeper } from './keeper.ts';
import { claimsOf, giveBack, record, type Claims, type OtherClaim } from './record.ts';
import { forwardedPorts, refuseForwarded } from './rules.ts';

export interface PortClaimsDeps {
  readonly store: Pick<Store, 'allocations' | 'allocate'>;
  /** State directory; with the container it says whose ports a process keeps. */
  readonly root: string;
  /** Whether the host ports stay bound while they are published. */
  readonly reservePorts: boolean;
  readonly run: RunTool;
  readonly outside: OutsidePorts;
}

/** Ports that no plugin publishes: they are chosen, and opened, by whoever is in the host's network. */
export interface OutsidePorts {
  /**
   * @param taken mappings of others, which a choice may not touch
   * @returns with the host ports that were chosen
   * @throws MooringError `port.…`; nothing is open then
   */
  open(
    container: string,
    ports: readonly PortMapping[],
    taken: readonly PortMapping[],
    context: Context
  ): Promise<readonly PortMapping[]>;
  close(container: string, context: Context): Promise<void>;
}

type Context = Pick<EffectContext, 'operation' | 'correlation' | 'repeated' | 'signal'>;

/** Who has which host port. */
export interface PortClaims {
  /**
   * Takes host ports for one container; what it held before is replaced, and gone when it fails.
   *
   * @returns with the ports that were chosen
   * @throws MooringError `port.…`
   */
  claim(
    container: string,
    ports: readonly PortMapping[],
    context: Context
  ): Promise<readonly PortMapping[]>;
  release(container: string, context: Context): Promise<void>;
  /** The process that keeps its ports bound, as it is recorded. */
  keeperOf(container: string): Promise<ProcessId | undefined>;
  /**
   * Binds again what a container holds and nobody keeps bound any more. What it holds stays its own
   * in any case.
   *
   * @returns whether anything was to be done
   * @throws MooringError `port.…`
   */
  keep(container: string, context: Context): Promise<boolean>;
}

/**
 * Takes host ports for one container and gives them back.
 *
 * The plugins publish without binding, so neither the kernel nor they would refuse a port that
 * another container publishes: who has it is in the store, in the firewall's rules when it is
 * none of ours, and in the kernel, as a process keeps every claimed port bound.
 */
export function portClaims(deps: PortClaimsDeps): PortClaims {
  return {
    claim: (container, ports, context) => claim(deps, container, ports, context),
    release: async (container, context) => {
      const claims = await claimsOf(deps.store, container);
      await endAll(deps, container, claims, context);
      if (claims.own.some(isOutside)) await deps.outside.close(container, context);
      if (claims.own.length > 0) await giveBack(deps.store, container);
    },
    keeperOf: async (container) => (await claimsOf(deps.store, container)).keeper,
    keep: (container, context) => keep(deps, container, context)
  };
}

async function keep(
  { store, root, reservePorts }: PortClaimsDeps,
  container: string,
  { signal }: Context
): Promise<boolean> {
  const owner = { root, container };
  const { own, keeper: before } = await claimsOf(store, container);
  if (!reservePorts || own.length === 0 || own.some(isOutside)) return false;
  if (before !== undefined && isKeeping(owner, before)) return false;
  const bound = await bindPorts(own, [], signal);
  let keeper: ProcessId | undefined;
  try {
    if (bound.sockets.length === 0) return false;
    keeper = await startKeeper(owner, fdsOf(bound));
    for (;;) {
      const { version } = await claimsOf(store, container);
      if (await record(store, version, container, { ports: own, keeper })) return true;
    }
  } catch (error) {
    if (keeper !== undefined) await endKeeper(owner, keeper, new AbortController().signal);
    throw error;
  } finally {
    bound.close();
  }
}

async function claim(
  deps: PortClaimsDeps,
  container: string,
  ports: readonly PortMapping[],
  context: Context
): Promise<readonly PortMapping[]> {
  const before = await claimsOf(deps.store, container);
  if (before.own.some(isOutside) && !ports.some(isOutside)) {
    await deps.outside.close(container, context);
  }
  if (!context.repeated && isStanding(deps, container, before, ports)) return ports;
  await endAll(deps, container, before, context);
  if (ports.length === 0) {
    if (before.own.length > 0) await giveBack(deps.store, container);
    return ports;
  }
  const attempt: Attempt = { bound: undefined, keeper: undefined };
  try {
    return await take({ deps, container, ports, context }, attempt);
  } catch (error) {
    await endAttempt(deps, container, attempt);
    if (ports.some(isOutside)) await deps.outside.close(container, context);
    await giveBack(deps.store, container);
    throw error;
  } finally {
    attempt.bound?.close();
  }
}

interface Asked {
  readonly deps: PortClaimsDeps;
  readonly container: string;
  readonly ports: readonly PortMapping[];
  readonly context: Context;
}

/** What has been taken and not been recorded yet. */
interface Attempt {
  bound: BoundPorts | undefined;
  keeper: Awaited<ReturnType<typeof startKeeper>> | undefined;
}

async function take(asked: Asked, attempt: Attempt): Promise<readonly PortMapping[]> {
  const { deps, container, ports, context } = asked;
  for (;;) {
    context.signal.throwIfAborted();
    const claims = await claimsOf(deps.store, container);
    const others = claims.others();
    refuseTaken(ports, others);
    const taken = others.map(({ mapping }) => mapping);
    if (attempt.bound?.ports.some((mapping) => overlapsAny(mapping, taken))) {
      await endAttempt(deps, container, attempt);
      if (ports.some(isOutside)) await deps.outside.close(container, context);
    }
    attempt.bound ??= ports.some(isOutside)
      ? await openOutside(asked, taken)
      : await bindFree(asked, taken);
    const { ports: chosen, sockets } = attempt.bound;
    if (deps.reservePorts && sockets.length > 0) {
      const fds = fdsOf(attempt.bound);
      attempt.keeper ??= await startKeeper({ root: deps.root, container }, fds);
    }
    // Refused: somebody else took ports meanwhile, and got on; so this ends.
    const held = { ports: chosen, keeper: attempt.keeper };
    const isDone = await record(deps.store, claims.version, container, held);
    if (isDone) return chosen;
  }
}

/** Whoever opens them keeps them; one container's are all outside or none. */
async function openOutside(
  { deps, container, ports, context }: Asked,
  taken: readonly PortMapping[]
): Promise<BoundPorts> {
  const chosen = await deps.outside.open(container, ports, taken, context);
  return { ports: chosen, sockets: [], close: () => undefined };
}

/** Binding and reading the rules take their time beside each other. */
async function bindFree(asked: Asked, taken: readonly PortMapping[]): Promise<BoundPorts> {
  const { deps, container, ports, context } = asked;
  const [bound, rules] = await Promise.allSettled([
    bindAnew(asked, taken),
    forwardedPorts(deps.run, container, ports, context)
  ]);
  try {
    // Names the owner, where the process that has the port open may be anybody's.
    if (rules.status === 'fulfilled') refuseForwarded(ports, rules.value);
    if (bound.status === 'rejected') throw bound.reason;
    if (rules.status === 'rejected') throw rules.reason;
  } catch (error) {
    if (bound.status === 'fulfilled') bound.value.close();
    throw error;
  }
  const forwarded = rules.value.map(({ mapping }) => mapping);
  if (!bound.value.ports.some((chosen) => overlapsAny(chosen, forwarded))) return bound.value;
  // A port of our choice that only a rule has: another choice.
  bound.value.close();
  return bindPorts(ports, [...taken, ...forwarded], context.signal);
}

/** Past a keeper of this container that nobody has recorded, as when its store was taken away. */
async function bindAnew(
  { deps: { root }, container, ports, context: { signal } }: Asked,
  taken: readonly PortMapping[]
): Promise<BoundPorts> {
  try {
    return await bindPorts(ports, taken, signal);
  } catch (error) {
    if (!(error instanceof MooringError && error.code === 'port.inUse')) throw error;
    if ((await endKeepers({ root, container }, signal)) === 0) throw error;
    return bindPorts(ports, taken, signal);
  }
}

/** Those it recorded; and all when it may not have come to recording one. */
async function endAll(
  { root }: PortClaimsDeps,
  container: string,
  { keeper }: Claims,
  context: Context
): Promise<void> {
  const owner = { root, container };
  if (keeper !== undefined) await endKeeper(owner, keeper, context.signal);
  if (context.repeated) await endKeepers(owner, context.signal);
}

async function endAttempt(
  { root }: PortClaimsDeps,
  container: string,
  attempt: Attempt
): Promise<void> {
  const { bound, keeper } = attempt;
  Object.assign(attempt, { bound: undefined, keeper: undefined });
  bound?.close();
  // Also when the signal has aborted: it is ours alone until it is recorded.
  if (keeper !== undefined)
    await endKeeper({ root, container }, keeper, new AbortController().signal);
}

/** Whether the container holds exactly these ports already, and they are kept. */
function isStanding(
  { root, reservePorts }: PortClaimsDeps,
  container: string,
  { own, keeper }: Claims,
  ports: readonly PortMapping[]
): boolean {
  if (ports.length === 0 || JSON.stringify(own) !== JSON.stringify(ports)) return false;
  if (ports.some(isOutside)) return true;
  if (keeper === undefined) return !reservePorts;
  return isKeeping({ root, container }, keeper);
}

function refuseTaken(wanted: readonly PortMapping[], others: readonly OtherClaim[]): void {
  for (const mapping of wanted) {
    const claim = others.find((other) => clash(other.mapping, mapping));
    if (claim === undefined) continue;
    const holder = claim.owner.replace('/', ' ');
    throw new MooringError(
      'port.inUse',
      `host port ${hostPortText(mapping)} is published by ${holder}`
    );
  }
}

/** Behind one slirp4netns a host port is one port, whatever its address. */
function clash(one: PortMapping, other: PortMapping): boolean {
  const isShared = one.via === 'hostfwd' && other.via === 'hostfwd';
  if (!isShared) return portsOverlap(one, other);
  return portsOverlap({ ...one, hostIp: '' }, { ...other, hostIp: '' });
}

function isOutside({ via }: PortMapping): boolean {
  return via !== undefined;
}

function fdsOf({ sockets }: BoundPorts): readonly number[] {
  return sockets.map(({ fd }) => fd);
}

function overlapsAny(mapping: PortMapping, others: readonly PortMapping[]): boolean {
  return others.some((other) => portsOverlap(other, mapping));
}
