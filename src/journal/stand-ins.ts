import { isIP } from 'node:net';

/** Stand-ins for texts: the same text has always the same one, and no two have one in common. */
export interface StandIns {
  /** `container-1`, `network-2`: numbered by kind, in the order they come. */
  name(kind: string, text: string): string;
  /** For an IP address, with its prefix length if it has one, and for a MAC; else `undefined`. */
  address(text: string): string | undefined;
  isStandIn(text: string): boolean;
}

export function stands(): StandIns {
  const known = new Map<string, string>();
  const given = new Set<string>();
  const counts = new Map<string, number>();

  return {
    name(kind, text) {
      if (ETHERNET.test(text)) return text;
      return remembered(text, () => `${kind}-${next(kind)}`);
    },

    address(text) {
      const [, bare, prefix = ''] = /^([^/]+)(\/\d{1,3})?$/.exec(text) ?? [];
      if (bare === undefined) return undefined;
      if (MAC.test(bare) && prefix === '') return remembered(bare, () => macOf(next('mac')));
      const version = isIP(bare);
      if (version === 0) return undefined;
      if (isEverywhere(bare)) return text;
      return `${remembered(bare, () => addressOf(version, next(`ip${version}`)))}${prefix}`;
    },

    isStandIn: (text) => given.has(text)
  };

  function remembered(text: string, make: () => string): string {
    let standIn = known.get(text);
    if (standIn === undefined) {
      standIn = make();
      known.set(text, standIn);
      given.add(standIn);
    }
    return standIn;
  }

  function next(kind: string): number {
    const count = (counts.get(kind) ?? 0) + 1;
    counts.set(kind, count);
    return count;
  }
}

/** Names that say nothing, and that a chart counts up. */
const ETHERNET = /^(?:eth\d{1,4}|lo)$/;

const MAC = /^[0-9a-f]{2}(?::[0-9a-f]{2}){5}$/i;

// Zero addresses mean "all" or "none", and loopback is the same on every host.
function isEverywhere(address: string): boolean {
  return ['0.0.0.0', '::', '127.0.0.1', '::1'].includes(address);
}

/** From 198.18.0.0/15 and 2001:db8::/32, which belong to nobody. */
function addressOf(version: number, count: number): string {
  if (version === 6) return `2001:db8::${count.toString(16)}`;
  return `198.${18 + ((count >> 16) & 1)}.${(count >> 8) & 255}.${count & 255}`;
}

function macOf(count: number): string {
  const bytes = [2, 0, (count >> 24) & 255, (count >> 16) & 255, (count >> 8) & 255, count & 255];
  return bytes.map((byte) => byte.toString(16).padStart(2, '0')).join(':');
}
