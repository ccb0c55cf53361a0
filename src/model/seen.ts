/** What the kernel holds on the host and in the netns that were looked into. */
export interface SeenHost {
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly links: readonly SeenLink[];
  /** By container. */
  readonly netns: Readonly<Record<string, SeenNetns>>;
  /** Processes that were started for containers and go on. */
  readonly processes: readonly SeenProcess[];
}

export interface SeenNetns {
  readonly links: readonly SeenLink[];
  readonly routes: readonly SeenRoute[];
  /** Why it could not be looked into; `null` when it was. */
  readonly failure: { readonly code: string; readonly message: string } | null;
}

export interface SeenLink {
  readonly index: number;
  readonly name: string;
  /** `veth`, `bridge` …; `''` for hardware and `lo`. */
  readonly kind: string;
  /** `''` when it has none. */
  readonly mac: string;
  readonly mtuBytes: number;
  readonly up: boolean;
  /** Index of the bridge it is a port of; 0: of none. */
  readonly master: number;
  /** Index of the other end or of the device below, perhaps in another netns; 0: none. */
  readonly peer: number;
  /** CIDRs. */
  readonly addresses: readonly string[];
}

export interface SeenRoute {
  readonly destination: string;
  /** `''` when it needs none. */
  readonly gateway: string;
  readonly link: string;
}

export interface SeenProcess {
  readonly pid: number;
  /** Its title, `mooring: ports of web`. */
  readonly title: string;
  /** What it is for, as its mark says: `ports`. */
  readonly purpose: string;
  /** Id of a container; `''` when it is for all. */
  readonly owner: string;
}
