import { describe, expect, it } from 'vitest';
import { checkTarget } from '../../../src/effects/forward/check-target.ts';

const netns = { path: '/run/netns/x', device: '4', inode: '1' };

describe('where ports are forwarded to', () => {
  it.each(['10.88.0.5', '10.0.2.100', '169.254.1.9', 'fd00::5', '2001:db8::1'])(
    'may be %s',
    (address) => {
      expect(() => checkTarget({ netns, addresses: [address] })).not.toThrow();
    }
  );

  // CVE-2021-20199: who serves loopback trusts who comes from there.
  it.each([
    '127.0.0.1',
    '127.1.2.3',
    '::1',
    '::ffff:127.0.0.1',
    '::ffff:7f00:1',
    '0.0.0.0',
    '::',
    '224.0.0.1',
    '255.255.255.255',
    'ff02::1',
    'fe80::1'
  ])('is never %s', (address) => {
    expect(() => checkTarget({ netns, addresses: ['10.88.0.5', address] })).toThrow(
      expect.objectContaining({ code: 'forward.badTarget' })
    );
  });

  it('is never nowhere, which others take for loopback', () => {
    expect(() => checkTarget({ netns, addresses: [] })).toThrow('there is no address');
  });
});
