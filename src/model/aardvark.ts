/** A container in the file of a network, as aardvark-dns reads it. */
export interface AardvarkEntry {
  readonly container: string;
  /** Without prefix, v4 and v6. */
  readonly addresses: readonly string[];
  readonly names: readonly string[];
}

/**
 * A network's file with this entry in place of the container's former one.
 *
 * The first line holds the addresses to listen on; each other one a container: its id, its v4
 * addresses, its v6 addresses, its names, each list with commas, the parts with a space.
 *
 * @param text as it was; `''` for a new network
 * @see aardvark-dns, src/backend/mod.rs
 */
export function withEntry(
  text: string,
  listen: readonly string[],
  { container, addresses, names }: AardvarkEntry
): string {
  const [v4, v6] = [false, true].map((isV6) =>
    addresses.filter((address) => address.includes(':') === isV6).join(',')
  );
  const entry = [container, v4, v6, names.join(',')].join(' ');
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
