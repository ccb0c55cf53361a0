import type { ForwardAim } from '../bus/outside-events.ts';
import type { RequestOf } from '../bus/requests.ts';
import type { EffectContext, Effects } from '../effects/effects.ts';
import type { Netns, PortMapping, PortVia } from '../model/container.ts';
import { failureOf } from '../model/failure.ts';
import { SHARED_UPLINK, type UplinkSpec, type UplinkView } from '../model/uplink.ts';
import {
  askForwarder,
  askRootlessNetns,
  askUplink,
  requireHeld,
  requireOpen,
  requireReady,
  stuckIn
} from './outside-asks.ts';
import type { Registry } from './registry.ts';

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
    const subject = { uplink: container, plan: { spec, netns }, holder: container, forwards };
    const command = { type: 'uplink.hold', ...subject, ...(again && { again }) } as const;
    const rest = await askUplink(registry(), container, command, context);
    requireReady(rest, `${spec.kind} of ${container}`);
  }

  /** The private host is connected for its networks; it is looked at again for each container. */
  async function holdShared({ container, attachments, ports }: Hold, context: EffectContext) {
    const holder = attachments[0]!.network;
    requireHeld(await askRootlessNetns(registry(), 'rootlessNetns.hold', holder, context));
    const forwards = viaOf(ports, ['hostfwd']);
    if (forwards.length === 0) return;
    const forwarded = await askShared(container, forwards, context);
    requireReady(forwarded, 'the uplink of the private host');
  }

  async function publish(
    { container, ports }: Hold,
    aim: ForwardAim,
    context: EffectContext
  ): Promise<void> {
    const forwarded = viaOf(ports, ['forward']);
    if (forwarded.length === 0) return;
    const open = {
      type: 'forwarder.open',
      forwarder: container,
      ports: forwarded,
      taken: []
    } as const;
    requireOpen(await askForwarder(registry(), container, open, context), container);
    const turn = { type: 'forwarder.aim', forwarder: container, aim } as const;
    requireOpen(await askForwarder(registry(), container, turn, context), container);
  }

  async function closeForwarder(container: string, context: EffectContext) {
    const command = { type: 'forwarder.close', forwarder: container } as const;
    return stuckIn(await askForwarder(registry(), container, command, context));
  }

  async function dropForwards(holder: string, context: EffectContext) {
    return stuckIn(await askShared(holder, [], context));
  }

  async function releaseUplink(container: string, context: EffectContext) {
    const command = { type: 'uplink.release', uplink: container } as const;
    return stuckIn(await askUplink(registry(), container, command, context));
  }

  /** The ports of one container, of the uplink of the private host. */
  function askShared(holder: string, forwards: readonly PortMapping[], context: EffectContext) {
    const uplink = SHARED_UPLINK;
    const command = { type: 'uplink.forward', uplink, holder, forwards } as const;
    return askUplink(registry(), uplink, command, context);
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
