import type { CniResult } from './cni-result.ts';
import type { ContainerSpec, Netns, PortMapping } from './container.ts';
import type { Failure } from './failure.ts';

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
  /** Why it is not up, or why a teardown did not finish; `null` when nothing is wrong. */
  readonly failure: Failure | null;
  /** Every failure of the last teardown, oldest first. */
  readonly leftovers: readonly Failure[];
  /** When the state was last changed, milliseconds since the epoch. */
  readonly since: number;
}

export type ContainerState =
  'absent' | 'creating' | 'configuring' | 'up' | 'tearingDown' | 'failed' | 'stuck';

export interface AttachmentView {
  readonly network: string;
  readonly ifName: string;
  readonly aliases: readonly string[];
  readonly result: CniResult | null;
}
