import type { CniResult } from './cni-result.ts';
import type { ContainerFiles, ContainerSpec, Netns, PortMapping } from './container.ts';
import type { Drift } from './drift.ts';
import type { Failure } from './failure.ts';
import type { UplinkView } from './uplink.ts';

/** How a container's network stands, as it was last committed. */
export interface ContainerView {
  readonly id: string;
  readonly state: ContainerState;
  /**
   * Something was asked for and not answered: a process is at it right now, or one died at it
   * and the next command or `recover` goes on from there.
   */
  readonly pending: boolean;
  readonly spec: ContainerSpec;
  /** `null` unless it is held. */
  readonly netns: Netns | null;
  /** In the order of the spec; `result` is `null` until ADD has succeeded. */
  readonly attachments: readonly AttachmentView[];
  /** With the host ports that were chosen. */
  readonly ports: readonly PortMapping[];
  /** How it reaches the outside, when that is not by networks; `null` unless it is held. */
  readonly uplink: UplinkView | null;
  /** For an engine to mount; `null` while there are none. */
  readonly files: ContainerFiles | null;
  /** Why it is not up or not well, or why a teardown did not finish; `null` when nothing is wrong. */
  readonly failure: Failure | null;
  /** What was amiss in the kernel when it was last looked at. */
  readonly drifts: readonly Drift[];
  /** Every failure of the last teardown, oldest first. */
  readonly leftovers: readonly Failure[];
  /** When the state was last changed, milliseconds since the epoch. */
  readonly since: number;
}

/** `defined`: down, and kept for the next start. `degraded`: up, with something amiss. */
export type ContainerState =
  | 'absent'
  | 'defined'
  | 'creating'
  | 'configuring'
  | 'up'
  | 'degraded'
  | 'reloading'
  | 'connecting'
  | 'disconnecting'
  | 'tearingDown'
  | 'failed'
  | 'stuck';

/** Whether it has its network, and what is wrong with it can be put right. */
export function isLive(state: ContainerState): boolean {
  return state === 'up' || state === 'degraded';
}

export interface AttachmentView {
  readonly network: string;
  readonly ifName: string;
  readonly aliases: readonly string[];
  readonly result: CniResult | null;
}
