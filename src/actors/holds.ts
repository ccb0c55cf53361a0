import type { EffectContext, Effects } from '../effects/effects.ts';
import type { NamespaceHold, RequestOf } from '../bus/requests.ts';
import type { NamespaceContext } from '../machines/namespace.ts';
import type { NetworkContext } from '../machines/network.ts';
import { bridgesOf } from '../model/attachment.ts';
import type { AttachmentPlan, AttachmentSpec, Netns, PortMapping } from '../model/container.ts';
import { isPortmapped } from '../model/port-handler.ts';
import type { UplinkSpec } from '../model/uplink.ts';
import { errorOf, failureOf, MooringError, type Failure } from '../model/failure.ts';
import { causeOf, type Registry } from './registry.ts';

type HoldEffects = Pick<Effects, 'resources.hold' | 'resources.release'>;

/** What is taken for one container alone; each function throws what keeps it from that. */
export interface OwnResources {
  resolve(
    wanted: Pick<RequestOf<'resources.hold'>, 'container' | 'networks' | 'publishes'>,
    context: EffectContext
  ): Promise<readonly AttachmentPlan[]>;
  /** @param ports each with who publishes it */
  claimPorts(
    container: string,
    ports: readonly PortMapping[],
    context: EffectContext
  ): Promise<readonly PortMapping[]>;
  /** Who publishes each port of a container; throws `port.badHandler`. */
  handledPorts(
    ports: readonly PortMapping[],
    uplink: UplinkSpec | undefined
  ): readonly PortMapping[];
  /** Whether networks are those of a private host. */
  readonly isRootless: boolean;
  releasePorts(container: string, context: EffectContext): Promise<void>;
  /** So that no container of another host has its static addresses; absent where there are no others. */
  readonly addresses?: {
    reserve(container: string, networks: readonly AttachmentSpec[]): Promise<void>;
    /** @param networks absent: of all */
    release(container: string, networks?: readonly string[]): Promise<void>;
  };
  removeFiles(container: string): Promise<void>;
  /** Whether the networks that were resolved are still defined, now that they are held. */
  checkStanding(networks: readonly string[]): Promise<void>;
  /** The netns that stands at a path. */
  netnsAt(path: string): Netns;
}

/**
 * What a container needs before its networks are added, and gives back when they are gone.
 *
 * Networks and netns have actors of their own: a command to one is answered by where it
 * rests. Leases are taken in the order container, then namespace or network, and never
 * the other way round, so nobody waits in a circle.
 *
 * @param registry looked up late, because it is made from these effects
 */
export function holdEffects(registry: () => Registry, own: OwnResources): HoldEffects {
  return { 'resources.hold': hold, 'resources.release': release };

  async function hold(
    request: RequestOf<'resources.hold'>,
    context: EffectContext
  ): ReturnType<HoldEffects['resources.hold']> {
    const { container, namespace } = request;
    let attachments: readonly AttachmentPlan[];
    let wanted: readonly PortMapping[] | null;
    try {
      wanted = request.ports && own.handledPorts(request.ports, request.uplink);
      const publishes = request.publishes && (wanted ?? []).some(isPortmapped);
      attachments = await own.resolve({ ...request, publishes }, context);
      await own.addresses?.reserve(container, request.networks);
    } catch (error) {
      return notHeld(request, context, error);
    }
    // A netns of its own is made while the ports are taken; others' are asked for afterwards.
    const made =
      namespace?.kind === 'own' ? settled(holdNamespace(container, namespace, context)) : null;
    let ports: readonly PortMapping[] | null;
    try {
      ports = wanted && (await claimed(container, { ...request, ports: wanted }, context));
    } catch (error) {
      // What is still being taken could not be given back.
      await made;
      const isGivenBack = !made || (await givesBack(container, namespace!, context));
      return notHeld(request, context, error, isGivenBack);
    }
    try {
      const [netns, networks] = await Promise.all([
        made ?? settled(namespace && holdNamespace(container, namespace, context)),
        settled(holdNetworks(container, attachments, context))
      ]);
      // Both have come to an end, as above.
      if (netns.status === 'rejected') throw netns.reason;
      if (networks.status === 'rejected') throw networks.reason;
      const rootless = own.isRootless && { rootless: true as const };
      const held = { container, attachments, ports, netns: netns.value };
      return { type: 'resources.held', ...held, ...rootless };
    } catch (error) {
      return { type: 'resources.holdFailed', container, failure: failureOf(error, 'network') };
    }
  }

  /** @param isGivenBack whether nothing is held of what had been taken before the error */
  function notHeld(
    { container, ports }: RequestOf<'resources.hold'>,
    { repeated }: EffectContext,
    error: unknown,
    isGivenBack = true
  ): Awaited<ReturnType<HoldEffects['resources.hold']>> {
    const failure = failureOf(error, 'network');
    // The process that died at it may have come as far as its ports; a store that did not answer
    // may have noted them.
    const isDoubtful = repeated || failure.code.startsWith('store.');
    const isRefused = isGivenBack && (!isDoubtful || ports === null);
    return { type: isRefused ? 'resources.refused' : 'resources.holdFailed', container, failure };
  }

  async function givesBack(
    container: string,
    namespace: NamespaceHold,
    context: EffectContext
  ): Promise<boolean> {
    try {
      return (await releaseNamespace(container, namespace, context)) === null;
    } catch {
      // The release that follows meets it again, and tells it.
      return false;
    }
  }

  /** What is refused leaves nothing behind. */
  async function claimed(
    container: string,
    { ports, networks }: RequestOf<'resources.hold'>,
    context: EffectContext
  ): Promise<readonly PortMapping[]> {
    try {
      return await own.claimPorts(container, ports ?? [], context);
    } catch (error) {
      await own.addresses?.release(
        container,
        networks.map(({ network }) => network)
      );
      throw error;
    }
  }

  async function holdNamespace(
    container: string,
    wanted: NamespaceHold,
    context: EffectContext
  ): Promise<Netns> {
    if (wanted.kind === 'path') return own.netnsAt(wanted.path);
    const id = namespaceOf(container, wanted);
    const command =
      wanted.kind === 'container'
        ? ({ type: 'namespace.join', namespace: id, holder: container } as const)
        : ({
            type: 'namespace.hold',
            namespace: id,
            holder: container,
            ...(wanted.kind === 'process' && {
              origin: { pid: wanted.pid, startTime: wanted.startTime }
            })
          } as const);
    const key = { kind: 'namespace', id } as const;
    const rest = await registry().ask(key, command, { cause: causeOf(context) });
    const { holders, netns, failure } = rest.context as NamespaceContext;
    if (holders.includes(container) && netns !== null && rest.value === 'ready') {
      if (wanted.kind === 'container') await tellOwner(id, context);
      return netns;
    }
    if (failure) throw errorOf(failure);
    throw wanted.kind === 'container'
      ? new MooringError(
          'container.noNetns',
          `container ${id} has no network namespace to share with ${container}`
        )
      : new MooringError('netns.lost', `the netns of ${id} was taken away`);
  }

  async function holdNetworks(
    container: string,
    attachments: readonly AttachmentPlan[],
    context: EffectContext
  ): Promise<void> {
    for (const { network, conflist } of attachments) {
      const bridges = bridgesOf(conflist);
      const command = { type: 'network.hold', network, holder: container, bridges } as const;
      const key = { kind: 'network', id: network } as const;
      const rest = await registry().ask(key, command, { cause: causeOf(context) });
      const { holders, failure } = rest.context as NetworkContext;
      if (holders.includes(container)) continue;
      if (failure) throw errorOf(failure);
      throw new MooringError('network.lost', `network ${network} was taken away`);
    }
    await own.checkStanding(attachments.map(({ network }) => network));
  }

  async function release(
    { container, namespace, networks, rest }: RequestOf<'resources.release'>,
    context: EffectContext
  ): ReturnType<HoldEffects['resources.release']> {
    // None needs another to have gone before, and each is tried whatever becomes of the others.
    const ended = await Promise.allSettled([
      namespace && releaseNamespace(container, namespace, context),
      releaseNetworks(container, networks, context),
      rest ? attempt(() => own.releasePorts(container, context), 'port') : null,
      attempt(
        async () => own.addresses?.release(container, rest ? undefined : networks),
        'address'
      ),
      rest ? attempt(() => own.removeFiles(container), 'files') : null
    ]);
    const [netnsFailure, ...others] = ended.map((one) => {
      if (one.status === 'rejected') throw one.reason;
      return one.value;
    }) as [Failure | null, ...(Failure | null)[]];
    const failures = [netnsFailure, ...others].filter((failure) => failure !== null);
    if (failures.length === 0) return { type: 'resources.released', container };
    const netnsGone = netnsFailure === null;
    return { type: 'resources.releaseFailed', container, failures, netnsGone };
  }

  async function releaseNamespace(
    container: string,
    held: NamespaceHold,
    context: EffectContext
  ): Promise<Failure | null> {
    if (held.kind === 'path') return null;
    const id = namespaceOf(container, held);
    const command = { type: 'namespace.release', namespace: id, holder: container } as const;
    const key = { kind: 'namespace', id } as const;
    const rest = await registry().ask(key, command, { cause: causeOf(context) });
    const { failure } = rest.context as NamespaceContext;
    if (held.kind === 'container') await tellOwner(id, context);
    return rest.value === 'stuck' ? failure : null;
  }

  /**
   * The owner's files have the names of those that share its netns. One that is not up has none.
   *
   * A container waits for an owner and never for one that shares with it, so nobody waits in a circle.
   */
  async function tellOwner(id: string, context: EffectContext): Promise<void> {
    const command = { type: 'container.refresh', container: id } as const;
    await registry().ask({ kind: 'container', id }, command, { cause: causeOf(context) });
  }

  async function releaseNetworks(
    container: string,
    networks: readonly string[],
    context: EffectContext
  ): Promise<Failure | null> {
    let failed: Failure | null = null;
    for (const network of networks.toReversed()) {
      const command = { type: 'network.release', network, holder: container } as const;
      const key = { kind: 'network', id: network } as const;
      const rest = await registry().ask(key, command, { cause: causeOf(context) });
      const { failure } = rest.context as NetworkContext;
      if (rest.value === 'untidy') failed ??= failure;
    }
    return failed;
  }
}

/** Id of the namespace actor that is held. */
function namespaceOf(
  container: string,
  held: Exclude<NamespaceHold, { readonly kind: 'path' }>
): string {
  return held.kind === 'container' ? held.container : container;
}

async function settled<Value>(work: Promise<Value> | Value): Promise<PromiseSettledResult<Value>> {
  try {
    return { status: 'fulfilled', value: await work };
  } catch (reason) {
    return { status: 'rejected', reason };
  }
}

async function attempt(work: () => Promise<void>, area: string): Promise<Failure | null> {
  try {
    await work();
    return null;
  } catch (error) {
    return failureOf(error, area);
  }
}
