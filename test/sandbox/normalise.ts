const VOLATILE = new Set([
  'ifindex',
  'link_index',
  'valid_life_time',
  'preferred_life_time',
  'tentative',
  'expires',
  'handle',
  'packets',
  'bytes'
]);

/** A copy without counters, lifetimes, handles and indexes, at any depth. */
export function withoutVolatile(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutVolatile);
  if (typeof value !== 'object' || value === null) return value;
  const kept = Object.entries(value).filter(([name]) => !VOLATILE.has(name));
  return Object.fromEntries(kept.map(([name, inner]) => [name, withoutVolatile(inner)]));
}

interface NftEntry {
  readonly table?: NftName;
  readonly chain?: NftName & { readonly hook?: string; readonly policy?: string };
  readonly [kind: string]: unknown;
}

interface NftName {
  readonly family: string;
  readonly name: string;
  readonly table?: string;
}

/**
 * The entries of `nft -j list ruleset`. A table of `iptables` is left out while its base chains
 * accept everything and hold nothing: it appears as soon as anyone looks.
 */
export function withoutEmptyTables(ruleset: unknown): unknown[] {
  const { nftables } = withoutVolatile(ruleset) as { nftables: NftEntry[] };
  const entries = nftables.filter((entry) => !('metainfo' in entry));
  const used = new Set(entries.filter(isContent).map(tableOf));
  return entries.filter((entry) => used.has(tableOf(entry)));
}

const OF_IPTABLES = /^ip6? (filter|nat|mangle|raw|security)$/;

function isContent(entry: NftEntry): boolean {
  if (entry.table !== undefined) return !OF_IPTABLES.test(tableOf(entry));
  return entry.chain?.hook === undefined || entry.chain.policy !== 'accept';
}

function tableOf(entry: NftEntry): string {
  const [object] = Object.values(entry) as NftName[];
  return `${object!.family} ${object!.table ?? object!.name}`;
}
