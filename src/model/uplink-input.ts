import { parsePastaOptions } from './pasta-options.ts';
import { parseSlirpOptions } from './slirp-options.ts';
import type { UplinkSpec } from './uplink.ts';

/** A program that connects a container with the host's network, and its options as they are typed. */
export interface UplinkInput {
  readonly kind: UplinkSpec['kind'];
  /** `['mtu=9000']` for slirp4netns, arguments of pasta(1) for pasta; absent: none. */
  readonly options?: readonly string[];
}

/** @throws MooringError `slirp.badOption`, `pasta.badOption` */
export function parseUplink({ kind, options = [] }: UplinkInput): UplinkSpec {
  return kind === 'slirp4netns'
    ? { kind, options: parseSlirpOptions(options) }
    : { kind, options: parsePastaOptions(options) };
}
