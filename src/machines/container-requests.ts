import type { EffectRequest } from '../bus/requests.ts';
import {
  currentOf,
  DEL_BACKOFF_MS,
  namesOf,
  namespaceHold,
  netnsOwner,
  type ContainerContext
} from './container-context.ts';

// What the `container` chart asks for, each from what it remembers.

export function holdCandidate({ container, candidate }: ContainerContext): EffectRequest {
  return {
    type: 'resources.hold',
    container,
    networks: candidate!.networks,
    publishes: candidate!.ports.length > 0,
    ports: candidate!.ports,
    namespace: namespaceHold(candidate!),
    ...(candidate!.uplink && { uplink: candidate!.uplink })
  };
}

export function holdJoining({ container, joining }: ContainerContext): EffectRequest {
  return {
    type: 'resources.hold',
    container,
    networks: [joining!],
    publishes: false,
    ports: null,
    namespace: null
  };
}

export function releaseAll({
  container,
  spec,
  attachments,
  heldNetworks
}: ContainerContext): EffectRequest {
  return {
    type: 'resources.release',
    container,
    namespace: namespaceHold(spec!),
    // What could not be removed may still use its network and ports; the netns goes in any case.
    networks: attachments.length > 0 ? [] : heldNetworks,
    rest: attachments.length === 0
  };
}

export function releaseUnused({
  container,
  attachments,
  heldNetworks
}: ContainerContext): EffectRequest {
  return {
    type: 'resources.release',
    container,
    namespace: null,
    networks: heldNetworks.filter((network) => !namesOf(attachments).includes(network)),
    rest: false
  };
}

export function addNewest({ container, netns, attachments }: ContainerContext): EffectRequest {
  return {
    type: 'cni.add',
    container,
    netns: netns!,
    attachment: attachments.at(-1)!
  };
}

export function addAgain({ container, netns, again }: ContainerContext): EffectRequest {
  return {
    type: 'cni.add',
    container,
    netns: netns!,
    attachment: { ...again[0]!, pinned: true as const }
  };
}

export function delCurrent(context: ContainerContext): EffectRequest {
  return {
    type: 'cni.del',
    container: context.container,
    netns: context.netns,
    attachment: currentOf(context)
  };
}

export function delPinned(context: ContainerContext): EffectRequest {
  return {
    type: 'cni.del',
    container: context.container,
    netns: context.netns,
    attachment: { ...currentOf(context), pinned: true as const }
  };
}

export function setBackoff({ container, refusals }: ContainerContext): EffectRequest {
  return {
    type: 'timer.set',
    container,
    timer: 'backoff',
    delayMs: DEL_BACKOFF_MS * 2 ** (refusals - 1)
  };
}

export function sweepFirewall({ container, heldNetworks, spec }: ContainerContext): EffectRequest {
  // After a sweep that was refused the networks were given back all the same.
  const wanted = spec?.networks.map(({ network }) => network) ?? [];
  return {
    type: 'firewall.sweep',
    container,
    networks: heldNetworks.length > 0 ? heldNetworks : wanted
  };
}

export function sweepUnused({
  container,
  attachments,
  heldNetworks
}: ContainerContext): EffectRequest {
  return {
    type: 'firewall.sweep',
    container,
    networks: heldNetworks.filter((network) => !namesOf(attachments).includes(network))
  };
}

export function sweepAgain({ container, again }: ContainerContext): EffectRequest {
  return {
    type: 'firewall.sweep',
    container,
    networks: namesOf(again)
  };
}

export function examine({ container, netns, attachments, spec }: ContainerContext): EffectRequest {
  const owner = netnsOwner(spec!);
  return {
    type: 'attachments.examine',
    container,
    netns: netns!,
    attachments,
    ...(owner && { owner })
  };
}

export function repair({ container, attachments }: ContainerContext): EffectRequest {
  return {
    type: 'attachments.repair',
    container,
    attachments
  };
}

export function holdOutside(context: ContainerContext): EffectRequest {
  const { container, netns, spec, ports, attachments, thoroughness } = context;
  return {
    type: 'outside.hold',
    container,
    netns: netns!,
    uplink: spec!.uplink ?? null,
    ports: ports.filter(({ via }) => via !== undefined),
    attachments,
    again: thoroughness === 'full'
  };
}

export function releaseOutside({ container, spec, ports }: ContainerContext): EffectRequest {
  return {
    type: 'outside.release',
    container,
    uplink: spec!.uplink ?? null,
    ports: ports.filter(({ via }) => via !== undefined)
  };
}

export function writeFiles({
  container,
  spec,
  netns,
  attachments,
  uplink,
  hostAddress
}: ContainerContext): EffectRequest {
  return {
    type: 'files.write',
    container,
    spec: spec!,
    netns,
    attachments,
    ...(uplink && { uplink }),
    ...(hostAddress !== null && { hostAddress })
  };
}
