import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { isRedisUrl, parseAddress } from '../../../src/store/redis/address.ts';

function fileWith(text: string): string {
  const dir = mkdtempSync(join(tmpdir(), 'mooring-address-'));
  onTestFinished(() => rmSync(dir, { recursive: true }));
  const file = join(dir, 'file');
  writeFileSync(file, text);
  return file;
}

describe('the URL of a Redis', () => {
  it.each([
    ['redis://localhost', { mode: 'single', nodes: [{ host: 'localhost', port: 6379 }], db: 0 }],
    ['redis://127.0.0.1:7000/3', { nodes: [{ host: '127.0.0.1', port: 7000 }], db: 3 }],
    ['redis://[::1]:7000', { nodes: [{ host: '::1', port: 7000 }] }],
    ['redis://ann:s%40y@10.0.0.1', { username: 'ann', password: 's@y' }],
    ['redis://:pw:with@10.0.0.1', { username: undefined, password: 'pw:with' }],
    ['rediss://:x@r.example', { tls: { ca: undefined, servername: undefined } }],
    ['redis+unix:///run/redis.sock?db=2', { mode: 'socket', path: '/run/redis.sock', db: 2 }],
    [
      'redis+sentinel://:x@s1,s2:26380/main/1?sentinel-user=bob',
      {
        mode: 'sentinel',
        nodes: [
          { host: 's1', port: 26379 },
          { host: 's2', port: 26380 }
        ],
        primary: 'main',
        db: 1,
        sentinelUsername: 'bob'
      }
    ],
    ['redis+cluster://:x@a:1,b:2', { mode: 'cluster', nodes: [{ port: 1 }, { port: 2 }] }],
    [
      'redis://localhost?prefix=m2&patience=500&lease=2000&replicas=1&events=100',
      {
        prefix: 'm2',
        patienceMs: 500,
        leaseMs: 2000,
        replicas: 1,
        events: 100
      }
    ],
    ['redis://10.0.0.1?insecure=yes', { password: undefined }]
  ] as const)('is read: %s', (url, expected) => {
    expect(parseAddress(url)).toMatchObject(expected);
  });

  it('may name files that hold its secrets', () => {
    const url = `rediss://ann@r?password-file=${fileWith('secret\n')}&ca=${fileWith('PEM')}`;

    expect(parseAddress(url)).toMatchObject({
      username: 'ann',
      password: 'secret',
      tls: { ca: 'PEM' }
    });
  });

  it.each([
    ['redis://', 'names no server'],
    ['redis://a,b', 'more than one server'],
    ['redis+unix://', 'names no socket'],
    ['redis+sentinel://a', 'names no primary'],
    ['redis+cluster://a/3', 'database 0'],
    ['redis+cluster://localhost?replicas=1', 'replicas'],
    ['redis+http://a', 'must begin with'],
    ['redis://a:99999', 'names no server'],
    ['redis://a:b:c', 'names no server'],
    ['redis://localhost/x', 'is not a number'],
    ['redis://localhost?lease=1', 'lease "1" must be'],
    ['redis://localhost?colour=red', 'option colour'],
    ['redis://localhost?prefix=a:b', 'prefix "a:b"'],
    ['redis://%zz:x@localhost', 'is not encoded'],
    ['redis+unix:///%zz', 'its path is not encoded'],
    ['redis+sentinel://localhost/%zz', 'primary is not encoded'],
    ['redis://localhost?password-file=/nowhere', 'password-file: ENOENT']
  ])('is refused: %s', (url, reason) => {
    expect(() => parseAddress(url)).toThrow(
      expect.objectContaining({ code: 'store.badUrl', message: expect.stringContaining(reason) })
    );
  });

  it.each([
    'redis://10.0.0.1',
    'redis://redis.example:7000',
    'redis+sentinel://10.0.0.1/main',
    'redis+cluster://127.0.0.1,10.0.0.1',
    'rediss://redis.example'
  ])('is refused where anybody on the network could use the server: %s', (url) => {
    expect(() => parseAddress(url)).toThrow(expect.objectContaining({ code: 'store.unsafe' }));
  });

  it('is shown without what is secret', () => {
    const url = 'redis://ann:secret@10.0.0.1/0?password-file=/nowhere';

    expect(parseAddress('redis://ann:secret@10.0.0.1/0').text).toBe('redis://10.0.0.1/0');
    expect(() => parseAddress(url)).toThrow(expect.not.stringContaining('secret'));
  });

  it('is told from other stores', () => {
    expect(['redis://a', 'rediss+cluster://a'].every(isRedisUrl)).toBe(true);
    expect(['embedded', 'redis', 'http://redis'].some(isRedisUrl)).toBe(false);
  });
});
