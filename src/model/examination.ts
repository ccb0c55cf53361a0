import type { ContainerFiles, ContainerSpec, Netns, PortMapping } from './container.ts';
import type { Drift } from './drift.ts';
import type { Failure } from './failure.ts';
import type { AttachmentView, ContainerState } from './view.ts';

/** What a container shall have, what was recorded of it, and what the kernel holds. */
export interface Examination {
  readonly id: string;
  readonly state: ContainerState;
  readonly pending: boolean;
  readonly desired: ContainerSpec;
  readonly recorded: {
    readonly netns: Netns | null;
    readonly attachments: readonly AttachmentView[];
    readonly ports: readonly PortMapping[];
    readonly files: ContainerFiles | null;
  };
  /** `null` when it has no netns of its own, or none that could be looked into. */
  readonly observed: ObservedNetns | null;
  /** What the kernel lacks of what was recorded. */
  readonly drifts: readonly Drift[];
  /** Whether all that its plugins make is known here; else there may be more amiss. */
  readonly complete: boolean;
  /** Why the kernel could not be looked at; `null` when it was, or there was nothing to see. */
  readonly failure: Failure | null;
}

export interface ObservedNetns {
  readonly links: readonly ObservedLink[];
  readonly routes: readonly ObservedRoute[];
}

export interface ObservedLink {
  readonly name: string;
  /** `veth`, `macvlan` …; `''` for hardware and `lo`. */
  readonly kind: string;
  /** `''` when it has none. */
  readonly mac: string;
  readonly mtu: number;
  readonly up: boolean;
  /** CIDRs. */
  readonly addresses: readonly string[];
}

export interface ObservedRoute {
  /** CIDR; `default` for the default route. */
  readonly destination: string;
  /** `''` when it needs none. */
  readonly gateway: string;
  readonly link: string;
}

/** What CHECK of its plugins and a look at the kernel found amiss. */
export interface Checked {
  readonly id: string;
  readonly findings: readonly CheckFinding[];
  /** Networks whose plugins can't be asked, each with the reason; what the kernel shows is in the findings. */
  readonly unchecked: readonly CheckFinding[];
}

export interface CheckFinding {
  /** `null` when it concerns the container as a whole. */
  readonly network: string | null;
  /** `cni.…` as the plugin answered, `drift.<kind>`, or why it could not be looked at. */
  readonly code: string;
  /** One line that names the thing. */
  readonly text: string;
}
