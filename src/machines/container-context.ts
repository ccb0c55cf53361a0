import type { NetnsOrigin } from '../bus/events.ts';
import type { NamespaceHold } from '../bus/requests.ts';
import { carriesPorts, publishes, withPorts } from '../model/attachment.ts';
import type {
  Attachment,
  AttachmentPlan,
  AttachmentSpec,
  ContainerFiles,
  ContainerSpec,
  Netns,
  PortMapping
} from '../model/container.ts';
import { isLasting, isRepairable, type Drift } from '../model/drift.ts';
import type { Failure } from '../model/failure.ts';
import { isPortmapped } from '../model/port-handler.ts';
import type { UplinkView } from '../model/uplink.ts';

export interface ContainerInput {
  readonly container: string;
}

/** What a container's machine remembers. */
export interface ContainerContext extends ContainerInput {
  /** What it is, or was last, brought up with. */
  readonly spec: ContainerSpec | null;
  /** It outlives its teardown: somebody defined it. */
  readonly kept: boolean;
  /** A spec that has not been accepted yet: its networks and ports may still be refused. */
  readonly candidate: ContainerSpec | null;
  /** Asked for while the last one was being taken down. */
  readonly next: ContainerSpec | null;
  /** A `down` came while it was busy. */
  readonly unwanted: boolean;
  /** Networks still to be added, in order. */
  readonly plans: readonly AttachmentPlan[];
  /** Networks begun, in order; those with a result were added. */
  readonly attachments: readonly Attachment[];
  readonly ports: readonly PortMapping[];
  readonly netns: Netns | null;
  readonly files: ContainerFiles | null;
  /** Its networks are those of a private host, which has to be connected itself. */
  readonly rootless: boolean;
  /** Something of it may stand in the host's own network: an uplink, or ports. */
  readonly reached: boolean;
  readonly uplink: UplinkView | null;
  /** Where the host is, seen from a private host or through an uplink. */
  readonly hostAddress: string | null;
  /** Networks that are, or may be, held. */
  readonly heldNetworks: readonly string[];
  /** Names of networks whose DEL is still to come, in order. */
  readonly turns: readonly string[];
  /** Refusals by the network whose turn it is. */
  readonly refusals: number;
  /** A DEL was refused or interrupted: rules may be left behind. */
  readonly suspect: boolean;
  /** Reload: attachments that are to be added again, in order. */
  readonly again: readonly Attachment[];
  /** Connect: the network that is coming. */
  readonly joining: AttachmentSpec | null;
  /** How thorough the reload that is under way is. */
  readonly thoroughness: Thoroughness;
  /** What was amiss when the kernel was last looked at. */
  readonly drifts: readonly Drift[];
  /** Whether that look could see all that the plugins make. */
  readonly complete: boolean;
  /** Why the last command was not carried out. */
  readonly refusal: Failure | null;
  /** Why it could not be brought up. */
  readonly failure: Failure | null;
  /** Why it is not as it should be though it is up. */
  readonly trouble: Failure | null;
  /** Why its way out is not there though it is up. */
  readonly outage: Failure | null;
  /** Why the kernel could not be looked at, or rules put back, the last time. */
  readonly unmended: Failure | null;
  /** What the last teardown could not remove. */
  readonly leftovers: readonly Failure[];
}

/** `repair` takes nothing away; `reload` does where it must; `full` always. */
export type Thoroughness = 'repair' | 'reload' | 'full';

/** How often a DEL is asked for before the teardown goes on without it. */
export const DEL_ATTEMPTS = 3;
/** Pause before the second DEL; it doubles for each further one. */
export const DEL_BACKOFF_MS = 100;

export const initialContext = {
  spec: null,
  kept: false,
  candidate: null,
  next: null,
  unwanted: false,
  plans: [],
  attachments: [],
  ports: [],
  netns: null,
  files: null,
  rootless: false,
  reached: false,
  uplink: null,
  hostAddress: null,
  heldNetworks: [],
  turns: [],
  refusals: 0,
  suspect: false,
  again: [],
  joining: null,
  thoroughness: 'repair',
  drifts: [],
  complete: true,
  refusal: null,
  failure: null,
  trouble: null,
  outage: null,
  unmended: null,
  leftovers: []
} satisfies Omit<ContainerContext, 'container'>;

export function namesOf(networks: readonly { readonly network: string }[]): readonly string[] {
  return networks.map(({ network }) => network);
}

/** What it asks for as its netns; `null`: the host's, which nobody holds. */
export function namespaceHold({ namespace }: ContainerSpec): NamespaceHold | null {
  if (namespace === undefined) return { kind: 'own' };
  return namespace.kind === 'host' ? null : namespace;
}

/** The process whose netns it was given. */
export function netnsOwner({ namespace }: ContainerSpec): NetnsOrigin | undefined {
  if (namespace?.kind !== 'process') return undefined;
  const { pid, startTime } = namespace;
  return { pid, startTime };
}

/** The attachment whose turn it is to be deleted. */
export function currentOf({ attachments, turns }: ContainerContext): Attachment {
  // A turn is only ever given to what is attached.
  return attachments.find(({ network }) => network === turns[0])!;
}

/** Why a network can't be connected; `null` when it can. */
export function refusalToConnect(
  context: ContainerContext,
  attachment: AttachmentSpec
): Failure | null {
  const { container, spec } = context;
  const { network, ifName } = attachment;
  if (isMember(context, network)) {
    return {
      code: 'network.connected',
      message: `container ${container} is already connected to network ${network}: network already exists`
    };
  }
  if (spec!.networks.some((other) => other.ifName === ifName)) {
    return {
      code: 'interface.duplicate',
      message: `container ${container} has an interface ${ifName} already`
    };
  }
  return refusalOfMode(context);
}

/** Why a network can't be disconnected; `null` when it can. */
export function refusalToDisconnect(context: ContainerContext, network: string): Failure | null {
  if (isMember(context, network)) return null;
  return (
    refusalOfMode(context) ?? {
      code: 'network.notConnected',
      message: `container ${context.container} is not connected to network ${network}`
    }
  );
}

/** Networks come and go only in a netns that is the container's own and was meant to have some. */
export function refusalOfMode({ container, spec }: ContainerContext): Failure | null {
  const { uplink } = spec!;
  if (uplink === undefined) return refusalOfNetns({ container, spec });
  return badMode(container, uplink.kind);
}

/** Where there is nothing of ours, nothing is put right. */
export function refusalOfNetns({
  container,
  spec
}: Pick<ContainerContext, 'container' | 'spec'>): Failure | null {
  const mode = modeOf(spec!);
  return mode === null ? null : badMode(container, mode);
}

function badMode(container: string, mode: string): Failure {
  return {
    code: 'network.badMode',
    message: `container ${container}: "${mode}" is not supported: invalid network mode`
  };
}

/** Whether it depends on what stands in the host's own network. */
export function reachesOutside({ spec, ports, rootless, attachments }: ContainerContext): boolean {
  if (spec?.uplink !== undefined || ports.some(({ via }) => via !== undefined)) return true;
  return rootless && attachments.length > 0;
}

/** Whether what it asks for includes a port that a plugin is to publish. */
export function publishesByPlugin({ ports }: Pick<ContainerContext, 'ports'>): boolean {
  return ports.some(isPortmapped);
}

function modeOf({ namespace, isolated }: ContainerSpec): string | null {
  if (namespace === undefined || namespace.kind === 'process') return isolated ? 'none' : null;
  return namespace.kind === 'path' ? 'ns' : namespace.kind;
}

/** With an interface name that no other of its networks has. */
export function named({ spec }: ContainerContext, attachment: AttachmentSpec): AttachmentSpec {
  if (attachment.ifName !== '') return attachment;
  const taken = new Set(spec!.networks.map(({ ifName }) => ifName));
  let next = 0;
  while (taken.has(`eth${next}`)) next += 1;
  return { ...attachment, ifName: `eth${next}` };
}

/** Plans with the ports for the first that can publish, unless an attachment has them already. */
export function plansWithPorts(
  { attachments }: ContainerContext,
  plans: readonly AttachmentPlan[],
  ports: readonly PortMapping[]
): readonly AttachmentPlan[] {
  return attachments.some(carriesPorts) ? plans : withPorts(plans, ports);
}

/** The attachment that would publish the ports now that no other does; `undefined`: none, or no need. */
export function heirOfPorts({ attachments, ports }: ContainerContext): Attachment | undefined {
  if (!publishesByPlugin({ ports }) || attachments.some(carriesPorts)) return undefined;
  return attachments.find(({ conflist }) => publishes(conflist));
}

/**
 * Whether to put things right without taking anything away.
 *
 * A repair does what it can so; a reload only if nothing else is needed.
 */
export function isMendable(context: ContainerContext): boolean {
  const { attachments, drifts, complete, thoroughness } = context;
  if (thoroughness === 'full') return false;
  if (thoroughness === 'repair') return drifts.some(isRepairable);
  const isWhole = attachments.every(({ result }) => result !== undefined);
  return isWhole && complete && drifts.every((drift) => isRepairable(drift) || isLasting(drift));
}

function isMember({ spec, attachments }: ContainerContext, network: string): boolean {
  return [...spec!.networks, ...attachments].some((other) => other.network === network);
}
