/** A container in the file of a network, as aardvark-dns reads it. */
export interface AardvarkEntry {
  readonly container: string;
  /** Without prefix, v4 and v6. */
  readonly addresses: readonly string[];
  readonly names: readonly string[];
  /** Whom the server asks for this container what it does not know itself; none: the host's. */
  readonly servers?: readonly string[];
}

/**
 * A network's file with this entry in place of the container's former one.
 *
 * The first line holds the addresses to listen on; each other one a container: its id, its v4
 * addresses, its v6 addresses, its names, each list with commas, the parts with a space; the servers
 * it asks for only where there are any, as versions before 1.3 read four parts and no more.
 *
 * @param text as it was; `''` for a new network
 * @see aardvark-dns, src/backend/mod.rs
 */
export function withEntry(
  text: string,
  listen: readonly string[],
  { container, addresses, names, servers = [] }: AardvarkEntry
): string {
  const [v4, v6] = [false, true].map((isV6) =>
    addresses.filter((address) => address.includes(':') === isV6).join(',')
  );
  const parts = [container, v4, v6, names.join(',')];
  // The server knows no zones, and one address that it can't read would cost the network its names.
  const asked = servers.filter((server) => !server.includes('%')).join(',');
  const entry = [...parts, ...(asked === '' ? [] : [asked])].join(' ');
  return [listen.join(','), ...others(text, container), entry, ''].join('\n');
}

/** @returns `''` when no container is left in it, and the text itself when this one was not */
export function withoutEntry(text: string, container: string): string {
  const [listen = ''] = text.split('\n');
  const left = others(text, container);
  return left.length === 0 ? '' : [listen, ...left, ''].join('\n');
}

function others(text: string, container: string): readonly string[] {
  const [, ...entries] = text.split('\n');
  return entries.filter((line) => line !== '' && !line.startsWith(`${container} `));
}
