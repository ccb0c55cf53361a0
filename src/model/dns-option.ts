import { MooringError } from './failure.ts';
import { addressText, parseAddress } from './subnet.ts';

const DOMAIN_MAX_CHARS = 253;
const OPTION_MAX_CHARS = 128;

/**
 * A name server that is asked for, `--dns`: an address, IPv6 with a zone if need be.
 *
 * @returns in its usual spelling: `2001:db8::1`, `fe80::1%eth0`
 * @throws MooringError `dns.badServer`
 */
export function parseDnsServer(text: string): string {
  const server = nameserverOf(text);
  if (server !== undefined) return server;
  throw new MooringError('dns.badServer', `DNS server ${quote(text)} is not an IP address`);
}

/**
 * A search domain, `--dns-search`: a name of the domain system, `_` allowed, or `.` for none at all.
 *
 * @throws MooringError `dns.badSearch`
 */
export function parseSearchDomain(text: string): string {
  if (text === '.' || isDomain(text)) return text;
  throw new MooringError(
    'dns.badSearch',
    `DNS search domain ${quote(text)} must be a domain name, or "." for none`
  );
}

/**
 * An option of the resolver, `--dns-opt`: `debug`, `ndots:2`. Which ones there are is the
 * C library's matter, so only what would break the line is refused.
 *
 * @throws MooringError `dns.badOption`
 * @see resolv.conf(5), "options"
 */
export function parseResolverOption(text: string): string {
  if (isResolverOption(text)) return text;
  throw new MooringError(
    'dns.badOption',
    `DNS option ${quote(text)} must be 1 to ${OPTION_MAX_CHARS} characters without white space, "#" and ";"`
  );
}

/** @returns the address in its usual spelling with its zone; `undefined` when it is none */
export function nameserverOf(text: string): string | undefined {
  const [, bare = '', zone = ''] = /^([^%]*)(%[\w.-]{1,15})?$/.exec(text) ?? [];
  try {
    const address = parseAddress(bare);
    return zone !== '' && address.family === 4 ? undefined : `${addressText(address)}${zone}`;
  } catch {
    return undefined;
  }
}

export function isDomain(text: string): boolean {
  const labels = text.replace(/\.$/, '').split('.');
  return (
    text.length <= DOMAIN_MAX_CHARS &&
    labels.every((label) => /^[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?$/.test(label))
  );
}

export function isResolverOption(text: string): boolean {
  return text.length <= OPTION_MAX_CHARS && /^[!-~]+$/.test(text) && !/[#;]/.test(text);
}

function quote(text: unknown): string {
  const quoted = JSON.stringify(text) ?? String(text);
  return quoted.length <= 64 ? quoted : `${quoted.slice(0, 60)}…"`;
}
