import type { ForwardAim } from '../bus/outside-events.ts';
import type { RequestOf } from '../bus/requests.ts';
import type { EffectContext, Effects } from '../effects/effects.ts';
import type { ForwarderContext } from '../machines/forwarder.ts';
import type { RootlessNetnsContext } from '../machines/rootless-netns.ts';
import type { UplinkContext } from '../machines/uplink-context.ts';
import type { Netns, PortMapping, PortVia } from '../model/container.ts';
import { errorOf, failureOf, MooringError, type Failure } from '../model/failure.ts';
import {
  ROOTLESS_NETNS,
  SHARED_UPLINK,
  type UplinkSpec,
  type UplinkView
} from '../model/uplink.ts';
import type { Rest } from './durable-actor.ts';
import { causeOf, type Registry } from './registry.ts';

type OutsideEffects = Pick<Effects, 'outside.hold' | 'outside.release'>;

/** What is looked at in the kernel and the files; each function throws what keeps it from that. */
export interface OutsideDeps {
  /** The netns of the private host, in which the bridges are. */
  hostNetns(): Netns;
  /** An address of the host that can be reached from elsewhere; `''` when it has none. */
  hostAddress(): Promise<string>;
  /** How a container is connected, once its uplink runs. */
  viewOf(uplink: UplinkSpec, netns: Netns): Promise<UplinkView>;
}

type Hold = RequestOf<'outside.hold'>;

/**
 * What of a container stands in the host's own network: its uplink and its published ports.
 *
 * They have actors of their own, which are asked by commands; each is answered by where it rests.
 *
 * @param registry looked up late, because it is made from these effects
 */
export function outsideEffects(registry: () => Registry, deps: OutsideDeps): OutsideEffects {
  return {
    async 'outside.hold'(request, context) {
      const { container, uplink } = request;
      try {
        if (uplink !== null) await holdUplink(request, uplink, context);
        else if (request.attachments.length > 0) await holdShared(request, context);
        const view = uplink && (await deps.viewOf(uplink, request.netns));
        await publish(request, aimOf(request, view, deps), context);
        const hostAddress = view?.hostAddress || (await deps.hostAddress());
        return { type: 'outside.held', container, uplink: view, hostAddress };
      } catch (error) {
        const failure = failureOf(error, 'outside', `connect ${container} with the outside`);
        return { type: 'outside.holdFailed', container, failure };
      }
    },

    async 'outside.release'({ container, uplink, ports }, context) {
      const has = (via: PortVia) => viaOf(ports, [via]).length > 0;
      const failures = [
        has('forward') ? await closeForwarder(container, context) : null,
        has('hostfwd') ? await dropForwards(container, context) : null,
        uplink === null ? null : await releaseUplink(container, context)
      ];
      const failure = failures.find((one) => one !== null);
      if (failure === undefined) return { type: 'outside.released', container };
      return { type: 'outside.releaseFailed', container, failure };
    }
  };

  async function holdUplink(request: Hold, spec: UplinkSpec, context: EffectContext) {
    const { container, netns, ports, again } = request;
    const forwards = viaOf(ports, ['slirp4netns', 'pasta']);
    const rest = await askUplink(container, context, {
      type: 'uplink.hold',
      uplink: container,
      plan: { spec, netns },
      holder: container,
      forwards,
      ...(again && { again })
    });
    requireReady(rest, `${spec.kind} of ${container}`);
  }

  /** The private host is connected for its networks; it is looked at again for each container. */
  async function holdShared({ container, attachments, ports }: Hold, context: EffectContext) {
    const holder = attachments[0]!.network;
    const key = { kind: 'rootlessNetns', id: ROOTLESS_NETNS } as const;
    const command = { type: 'rootlessNetns.hold', rootlessNetns: key.id, holder } as const;
    const rest = await registry().ask(key, command, { cause: causeOf(context) });
    const { failure } = rest.context as RootlessNetnsContext;
    if (failure) throw errorOf(failure);
    const forwards = viaOf(ports, ['hostfwd']);
    if (forwards.length === 0) return;
    const forwarded = await askUplink(SHARED_UPLINK, context, {
      type: 'uplink.forward',
      uplink: SHARED_UPLINK,
      holder: container,
      forwards
    });
    requireReady(forwarded, 'the uplink of the private host');
  }

  async function publish(
    { container, ports }: Hold,
    aim: ForwardAim,
    context: EffectContext
  ): Promise<void> {
    const forwarded = viaOf(ports, ['forward']);
    if (forwarded.length === 0) return;
    const opened = await askForwarder(container, context, {
      type: 'forwarder.open',
      forwarder: container,
      ports: forwarded,
      taken: []
    });
    requireOpen(opened, container);
    const aimed = await askForwarder(container, context, {
      type: 'forwarder.aim',
      forwarder: container,
      aim
    });
    requireOpen(aimed, container);
  }

  async function closeForwarder(container: string, context: EffectContext) {
    const command = { type: 'forwarder.close', forwarder: container } as const;
    return stuckIn(await askForwarder(container, context, command));
  }

  async function dropForwards(container: string, context: EffectContext): Promise<Failure | null> {
    const rest = await askUplink(SHARED_UPLINK, context, {
      type: 'uplink.forward',
      uplink: SHARED_UPLINK,
      holder: container,
      forwards: []
    });
    return stuckIn(rest);
  }

  async function releaseUplink(container: string, context: EffectContext) {
    const command = { type: 'uplink.release', uplink: container } as const;
    return stuckIn(await askUplink(container, context, command));
  }

  function askUplink(
    id: string,
    context: EffectContext,
    command: Parameters<Registry['ask']>[1]
  ): Promise<Rest> {
    return registry().ask({ kind: 'uplink', id }, command, { cause: causeOf(context) });
  }

  function askForwarder(
    id: string,
    context: EffectContext,
    command: Parameters<Registry['ask']>[1]
  ): Promise<Rest> {
    return registry().ask({ kind: 'forwarder', id }, command, { cause: causeOf(context) });
  }
}

function viaOf(ports: readonly PortMapping[], wanted: readonly PortVia[]): readonly PortMapping[] {
  return ports.filter(({ via }) => via !== undefined && wanted.includes(via));
}

/** Where its forwarded ports lead: never to a loopback, so with no address to nowhere. */
function aimOf(
  { netns, attachments, uplink }: Hold,
  view: UplinkView | null,
  deps: Pick<OutsideDeps, 'hostNetns'>
): ForwardAim {
  const found = view
    ? view.addresses
    : attachments.flatMap(({ result }) => (result?.ips ?? []).map(({ address }) => address));
  const addresses = found.map((cidr) => cidr.split('/')[0]!);
  if (addresses.length === 0) return 'refuse';
  return { netns: uplink === null ? deps.hostNetns() : netns, addresses };
}

function requireReady({ value, context }: Rest, what: string): void {
  const { failure } = context as UplinkContext;
  if (failure) throw errorOf(failure);
  if (value !== 'ready') throw new MooringError('uplink.lost', `${what} was taken away`);
}

function requireOpen({ value, context }: Rest, container: string): void {
  const { failure } = context as ForwarderContext;
  if (failure) throw errorOf(failure);
  if (value === 'open') return;
  throw new MooringError('port.lost', `the ports of ${container} were withdrawn`);
}

function stuckIn({ value, context }: Rest): Failure | null {
  return value === 'stuck' ? (context as UplinkContext | ForwarderContext).failure : null;
}
