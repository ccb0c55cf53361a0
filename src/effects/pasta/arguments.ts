import type { PortMapping } from '../../model/container.ts';
import { MooringError } from '../../model/failure.ts';
import { hostPortText } from '../../model/port.ts';
import { MAP_GATEWAY, type PastaArgument, type PastaOptions } from '../../model/pasta-options.ts';

/** Where a container asks for names; pasta passes it on to the host's name server. */
export const PASTA_DNS = '169.254.1.1';
/** The host, where the build can do that: its own addresses are the container's, too. */
export const PASTA_HOST = '169.254.1.2';

export interface PastaPlaces {
  readonly netnsPath: string;
  readonly pidFile: string;
  /** Whether we are the host's root, whom it would leave for `nobody`. */
  readonly keepRoot: boolean;
}

/**
 * Arguments of pasta with podman's defaults, in podman's order: what was asked for, the published
 * ports, then each default that was not asked for otherwise.
 *
 * @param known options of this build
 * @throws MooringError `pasta.notSupported`, `port.notForwarded`
 */
export function pastaArguments(
  { args }: PastaOptions,
  ports: readonly PortMapping[],
  known: ReadonlySet<string>,
  places: PastaPlaces
): readonly string[] {
  const asked = args.filter(({ option }) => option !== MAP_GATEWAY && option !== '--config-net');
  requireKnown(asked, known);
  const has = (...options: readonly string[]) =>
    args.some(({ option }) => options.includes(option));
  const publishes = (protocol: string) => ports.some((port) => port.protocol === protocol);
  return [
    '--config-net',
    ...asked.flatMap(({ option, value }) => (value === undefined ? [option] : [option, value])),
    ...ports.flatMap(portArguments),
    ...(has('--dns-forward') ? [] : ['--dns-forward', PASTA_DNS]),
    ...(has('--tcp-ports') || publishes('tcp') ? [] : ['-t', 'none']),
    ...(has('--udp-ports') || publishes('udp') ? [] : ['-u', 'none']),
    ...(has('--tcp-ns') ? [] : ['-T', 'none']),
    ...(has('--udp-ns') ? [] : ['-U', 'none']),
    ...(has(MAP_GATEWAY, '--no-map-gw') ? [] : ['--no-map-gw']),
    ...(has('--quiet', '--debug', '--trace') ? [] : ['--quiet']),
    ...(has('--map-guest-addr') || !known.has('--map-guest-addr')
      ? []
      : ['--map-guest-addr', PASTA_HOST]),
    ...(places.keepRoot ? ['--runas', '0:0'] : []),
    ...['--foreground', '--pid', places.pidFile, '--netns', places.netnsPath]
  ];
}

function requireKnown(asked: readonly PastaArgument[], known: ReadonlySet<string>): void {
  const unknown = asked.find(({ option }) => !known.has(option));
  if (unknown === undefined) return;
  throw new MooringError('pasta.notSupported', `${unknown.option} not supported by this pasta`);
}

function portArguments(mapping: PortMapping): readonly string[] {
  const { hostIp, hostPort, containerPort, range, protocol } = mapping;
  if (protocol === 'sctp') {
    throw new MooringError(
      'port.notForwarded',
      `host port ${hostPortText(mapping)}: pasta can't forward protocol sctp`
    );
  }
  const ports = (first: number) => (range === 1 ? `${first}` : `${first}-${first + range - 1}`);
  const address = hostIp === '' ? '' : `${hostIp}/`;
  return [protocol === 'tcp' ? '-t' : '-u', `${address}${ports(hostPort)}:${ports(containerPort)}`];
}
