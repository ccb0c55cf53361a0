import { SocketAddress } from 'node:net';

/** 4 or 16 bytes in network order, as the kernel keeps them: `10.88.0.5`, `fd00::5`. */
export function addressText(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join('.');
  const hex = Buffer.from(bytes).toString('hex');
  const address = hex.replace(/(.{4})(?!$)/g, '$1:');
  return new SocketAddress({ address, family: 'ipv6' }).address;
}

/** 6 bytes: `aa:bb:cc:dd:ee:01`. */
export function macText(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(':');
}
