import type { AttachmentPlan, ContainerSpec, Netns, PortMapping } from '../model/container.ts';
import type { CniResult } from '../model/cni-result.ts';
import type { Failure } from '../model/failure.ts';
import type { NetworkBaseline } from '../model/network.ts';

/**
 * What can be said on the bus: commands are imperatives, facts are past tense.
 *
 * Every event is JSON and names its subject, so one subscription can follow one
 * container and one journal line can be read on its own.
 */
export type MooringEvent = ContainerEvent | NamespaceEvent | NetworkEvent;

const COMMANDS: ReadonlySet<string> = new Set<
  (ContainerCommand | NamespaceCommand | NetworkCommand)['type']
>([
  'container.up',
  'container.down',
  'container.retry',
  'namespace.hold',
  'namespace.release',
  'network.hold',
  'network.release'
]);

/** Whether an event asks for something; the others say what has happened. */
export function isCommand(event: MooringEvent): boolean {
  return COMMANDS.has(event.type);
}

export type ContainerEvent = ContainerCommand | ContainerFact;

export type ContainerCommand =
  | { readonly type: 'container.up'; readonly container: string; readonly spec: ContainerSpec }
  | { readonly type: 'container.down'; readonly container: string }
  /** Takes up again a teardown that is stuck; elsewhere it means nothing. */
  | { readonly type: 'container.retry'; readonly container: string };

/** A `…Failed` fact says nothing about what was left behind: the machine unwinds in any case. */
export type ContainerFact =
  | Of<'networks.resolved', { readonly attachments: readonly AttachmentPlan[] }>
  | Of<'networks.resolveFailed', { readonly failure: Failure }>
  | Of<'ports.claimed', { readonly ports: readonly PortMapping[] }>
  | Of<'ports.claimFailed', { readonly failure: Failure }>
  | Of<'ports.released'>
  | Of<'ports.releaseFailed', { readonly failure: Failure }>
  | Of<'networks.held'>
  | Of<'networks.holdFailed', { readonly failure: Failure }>
  | Of<'networks.released'>
  | Of<'networks.releaseFailed', { readonly failure: Failure }>
  | Of<'namespace.held', { readonly netns: Netns }>
  | Of<'namespace.holdFailed', { readonly failure: Failure }>
  | Of<'namespace.released'>
  | Of<'namespace.releaseFailed', { readonly failure: Failure }>
  | Of<'loopback.raised'>
  | Of<'loopback.raiseFailed', { readonly failure: Failure }>
  | Of<'attachment.added', { readonly network: string; readonly result: CniResult }>
  | Of<'attachment.addFailed', { readonly network: string; readonly failure: Failure }>
  | Of<
      'attachment.deleted',
      {
        readonly network: string;
        /** Rules may be left: DEL ran without the netns, or again after an interruption. */
        readonly suspect?: boolean;
      }
    >
  | Of<'attachment.delFailed', { readonly network: string; readonly failure: Failure }>
  | Of<'firewall.swept'>
  | Of<'firewall.sweepFailed', { readonly failure: Failure }>
  | Of<'timer.fired', { readonly timer: string }>;

type Of<Type extends string, Payload = unknown> = Readonly<{ type: Type; container: string }> &
  Payload;

export type NamespaceEvent = NamespaceCommand | NamespaceFact;

export type NamespaceCommand =
  | {
      readonly type: 'namespace.hold';
      readonly namespace: string;
      /** Container id. Holding twice is holding once. */
      readonly holder: string;
    }
  | { readonly type: 'namespace.release'; readonly namespace: string; readonly holder: string };

export type NamespaceFact =
  | { readonly type: 'netns.created'; readonly namespace: string; readonly netns: Netns }
  | { readonly type: 'netns.createFailed'; readonly namespace: string; readonly failure: Failure }
  | { readonly type: 'netns.verified'; readonly namespace: string }
  | { readonly type: 'netns.verifyFailed'; readonly namespace: string; readonly failure: Failure }
  | { readonly type: 'netns.removed'; readonly namespace: string }
  | { readonly type: 'netns.removeFailed'; readonly namespace: string; readonly failure: Failure };

export type NetworkEvent = NetworkCommand | NetworkFact;

export type NetworkCommand =
  | {
      readonly type: 'network.hold';
      readonly network: string;
      /** Container id. Holding twice is holding once. */
      readonly holder: string;
      /** Bridges that the plugins of its conflist may make, `['mooring0']`. */
      readonly bridges: readonly string[];
    }
  | { readonly type: 'network.release'; readonly network: string; readonly holder: string };

export type NetworkFact =
  | {
      readonly type: 'network.prepared';
      readonly network: string;
      readonly baseline: NetworkBaseline;
    }
  | {
      readonly type: 'network.prepareFailed';
      readonly network: string;
      readonly failure: Failure;
    }
  | { readonly type: 'network.tidied'; readonly network: string }
  | { readonly type: 'network.tidyFailed'; readonly network: string; readonly failure: Failure };
