import { addressText, firstAddress, parseAddress, subnetAt, subnetText } from './subnet.ts';

/** The address of a CIDR, `10.88.0.5`. */
export function addressOf(cidr: string): string {
  return cidr.split('/')[0]!;
}

/** Of a CIDR, 16 of `10.88.0.5/16`. */
export function prefixOf(cidr: string): number {
  return Number(cidr.slice(cidr.indexOf('/') + 1));
}

/** Network of a CIDR with host bits, `10.88.0.0/16`. */
export function networkOf(cidr: string): string {
  return subnetText(subnetAt(parseAddress(addressOf(cidr)), prefixOf(cidr)));
}

/** One spelling for an address or CIDR, so that two can be compared; `''` is `''`. */
export function addressKey(text: string): string {
  if (text === '') return '';
  const [address = '', prefix] = text.split('/');
  const spelled = addressText(parseAddress(address));
  return prefix === undefined ? spelled : `${spelled}/${prefix}`;
}

/** Gateway of a network that names none: its first address, with the prefix of the CIDR. */
export function gatewayOf(cidr: string, gateway: string | undefined): string {
  const first = firstAddress(subnetAt(parseAddress(addressOf(cidr)), prefixOf(cidr)));
  return `${gateway || addressText(first)}/${prefixOf(cidr)}`;
}

/** An address alone, with the prefix of one: `10.88.0.5/32` of `10.88.0.5/16`. */
export function hostOf(cidr: string): string {
  return `${addressOf(cidr)}/${cidr.includes(':') ? 128 : 32}`;
}
