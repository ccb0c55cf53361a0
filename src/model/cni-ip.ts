/**
 * Whether it is an IPv4 or IPv6 address without prefix and zone, `10.88.0.5`.
 */
export function isIp(text: string): boolean {
  return text.includes(':') ? isIpv6(text) : isIpv4(text);
}

/** Whether it is an address with its prefix length, `10.88.0.5/16`; host bits may be set. */
export function isCidr(text: string): boolean {
  const slash = text.indexOf('/');
  if (slash === -1) return false;
  const address = text.slice(0, slash);
  const prefix = text.slice(slash + 1);
  if (!/^\d{1,3}$/.test(prefix) || !isIp(address)) return false;
  return Number(prefix) <= (familyOf(address) === 4 ? 32 : 128);
}

/** Family of a valid address or CIDR. */
export function familyOf(address: string): 4 | 6 {
  return address.includes(':') ? 6 : 4;
}

function isIpv4(text: string): boolean {
  const parts = text.split('.');
  return parts.length === 4 && parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) <= 255);
}

// The host parser of URLs is the one IPv6 parser that Node and browsers share.
function isIpv6(text: string): boolean {
  return /^[0-9A-Fa-f:.]+$/.test(text) && URL.canParse(`http://[${text}]/`);
}
