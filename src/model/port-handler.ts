import type { PortMapping, PortVia } from './container.ts';
import { MooringError } from './failure.ts';
import { hostPortText } from './port.ts';
import type { UplinkSpec } from './uplink.ts';

/** Where a container's ports are published from. */
export type Surroundings =
  /** On the host itself, by the plugin portmap. */
  | { readonly kind: 'host' }
  /** On networks of a private host. */
  | { readonly kind: 'rootless' }
  | { readonly kind: 'uplink'; readonly uplink: UplinkSpec };

/**
 * Who publishes each port: what was asked for, if that can be done there, or else what is usual.
 *
 * @throws MooringError `port.badHandler`
 */
export function withHandlers(
  ports: readonly PortMapping[],
  surroundings: Surroundings
): readonly PortMapping[] {
  const possible = handlersIn(surroundings);
  return ports.map((mapping) => {
    const { via: asked, ...plain } = mapping;
    // Its own slirp4netns is the only one that could.
    const via = asked === 'hostfwd' && surroundings.kind === 'uplink' ? 'slirp4netns' : asked;
    if (via !== undefined && !possible.includes(via)) throw badHandler(mapping, possible);
    const chosen = via ?? possible[0];
    return chosen === undefined ? plain : { ...plain, via: chosen };
  });
}

/** Whether a service sees the addresses of its clients, or one of its own. */
export function sourceAddressOf({ via }: Pick<PortMapping, 'via'>): 'kept' | 'lost' {
  return via === 'forward' ? 'lost' : 'kept';
}

/** Whether the plugin portmap has a part in publishing it. */
export function isPortmapped({ via }: Pick<PortMapping, 'via'>): boolean {
  return via === undefined || via === 'hostfwd';
}

/** The usual one first; none of them on the host, where portmap does it. */
function handlersIn(surroundings: Surroundings): readonly PortVia[] {
  if (surroundings.kind === 'host') return [];
  if (surroundings.kind === 'rootless') return ['forward', 'hostfwd'];
  const { uplink } = surroundings;
  if (uplink.kind === 'pasta') return ['pasta', 'forward'];
  return uplink.options.portHandler === 'slirp4netns'
    ? ['slirp4netns', 'forward']
    : ['forward', 'slirp4netns'];
}

function badHandler(mapping: PortMapping, possible: readonly PortVia[]): MooringError {
  const port = hostPortText(mapping);
  const rule =
    possible.length === 0
      ? 'the plugin portmap publishes it'
      : `here it can be ${possible.join(' or ')}`;
  return new MooringError(
    'port.badHandler',
    `host port ${port} can't be published by ${String(mapping.via)}: ${rule}`
  );
}
