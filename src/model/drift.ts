/** Something that the host should hold for an attached container and doesn't. */
export interface Drift {
  /** `null` when it concerns the container as a whole. */
  readonly network: string | null;
  readonly kind: DriftKind;
  /** The thing itself: `eth0`, `10.90.0.2/15`, `CNI-DN-3f9a…`. */
  readonly object: string;
  /** One line that names it: `address 10.90.0.2/15 of eth0 is gone`. */
  readonly text: string;
}

export type DriftKind =
  | 'netns'
  /** The process whose netns it was given. */
  | 'process'
  | 'link'
  | 'address'
  | 'route'
  /** A firewall rule, a chain, or a setting that rules depend on. */
  | 'rule'
  /** The bridge itself, or the host's end of the link. */
  | 'bridge'
  /** The bridge's address, which is the containers' gateway. */
  | 'gateway'
  /** What `host-local` keeps of an address, so that nobody else is given it. */
  | 'lease';

/** Whether nothing that is done to its networks makes it good: only bringing it up anew does. */
export function isLasting({ kind }: Drift): boolean {
  return kind === 'process';
}

/** Whether it can be put back without touching the container's links and addresses. */
export function isRepairable({ kind }: Drift): boolean {
  return kind === 'rule' || kind === 'gateway' || kind === 'lease';
}
