import { MooringError } from '../../model/failure.ts';
import { contains, parseAddress, parseSubnet } from '../../model/subnet.ts';
import type { ForwardTarget } from './forwarder.ts';

/**
 * What is no address of a container. Above all loopback: whoever serves it trusts who comes from
 * there, and remote clients would.
 *
 * @see CVE-2021-20199
 */
const NEVER = [
  '0.0.0.0/8',
  '127.0.0.0/8',
  '224.0.0.0/3',
  '::/128',
  '::1/128',
  '::ffff:0:0/96',
  'fe80::/10',
  'ff00::/8'
].map(parseSubnet);

/** @throws MooringError `forward.badTarget` */
export function checkTarget({ addresses }: ForwardTarget): void {
  if (addresses.length === 0) throw bad('there is no address');
  for (const text of addresses) {
    const address = parseAddress(text);
    if (NEVER.some((subnet) => contains(subnet, address))) {
      throw bad(`${text} is not the address of a container`);
    }
  }
}

function bad(rule: string): MooringError {
  return new MooringError('forward.badTarget', `ports can't be forwarded: ${rule}`);
}
