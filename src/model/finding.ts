/** One need of Mooring on this host. */
export interface Finding {
  /** `iptables`, `CNI plugin bridge`, `network namespaces` */
  readonly need: string;
  readonly found: boolean;
  /** Where, which version, or what is wrong. */
  readonly detail: string;
  /** Command that gets it; absent when found or when no command does. */
  readonly remedy?: string;
  /** Without it nothing works; otherwise only what `detail` says is lost. */
  readonly required: boolean;
}
