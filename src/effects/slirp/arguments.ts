import { MooringError } from '../../model/failure.ts';
import { SLIRP_DEFAULTS, type SlirpOptions } from '../../model/slirp-options.ts';
import type { SlirpFeatures } from './slirp.ts';

/** Name of the interface in the netns. */
export const TAP = 'tap0';
/** Descriptors of the child: it ends when the first one hangs up, and writes to the second one. */
export const EXIT_FD = 3;
export const READY_FD = 4;

export interface SlirpPlaces {
  readonly netnsPath: string;
  readonly apiSocket?: string;
}

/**
 * Arguments of slirp4netns in podman's order.
 *
 * What protects the host must be there: without `--disable-host-loopback` the container would
 * reach the host's own services, so a binary that lacks it is refused.
 *
 * @throws MooringError `slirp.notSupported`
 */
export function slirpArguments(
  options: SlirpOptions,
  features: SlirpFeatures,
  { netnsPath, apiSocket }: SlirpPlaces
): readonly string[] {
  const { cidr, mtuBytes, allowHostLoopback, enableIpv6, outboundAddr, outboundAddr6 } = options;
  const need = (has: boolean, what: string, args: readonly string[]) => {
    if (!has) throw notSupported(what);
    return args;
  };
  return [
    ...(allowHostLoopback
      ? []
      : need(features.disableHostLoopback, 'allow_host_loopback=false', [
          '--disable-host-loopback'
        ])),
    ...need(features.mtu, 'mtu', [`--mtu=${mtuBytes}`]),
    ...(features.enableSandbox ? ['--enable-sandbox'] : []),
    ...(features.enableSeccomp ? ['--enable-seccomp'] : []),
    ...(cidr === SLIRP_DEFAULTS.cidr ? [] : need(features.cidr, 'cidr', [`--cidr=${cidr}`])),
    ...(enableIpv6 ? need(features.enableIpv6, 'enable_ipv6', ['--enable-ipv6']) : []),
    ...(outboundAddr === undefined
      ? []
      : need(features.outboundAddr, 'outbound_addr', [`--outbound-addr=${outboundAddr}`])),
    ...(outboundAddr6 === undefined
      ? []
      : need(features.outboundAddr && features.enableIpv6, 'outbound_addr6', [
          `--outbound-addr6=${outboundAddr6}`
        ])),
    ...['-c', '-e', String(EXIT_FD), '-r', String(READY_FD)],
    ...(apiSocket === undefined ? [] : ['--api-socket', apiSocket]),
    ...['--netns-type=path', netnsPath, TAP]
  ];
}

function notSupported(what: string): MooringError {
  return new MooringError('slirp.notSupported', `${what} not supported by this slirp4netns`);
}
