import { describe, expect, it } from 'vitest';
import { resolvTarget, type Links } from '../../src/private-host/resolv-target.ts';

/** A file system of links alone; a directory may be a link as well. */
function linksOf(table: Readonly<Record<string, string>>): Links {
  return {
    readLink: (path) => table[path],
    realDirectory: (path) => table[path] ?? path
  };
}

// podman#11222: a link below /run is not followed, as what it leads to is elsewhere in another /run.
describe('resolvTarget', () => {
  it.each([
    ['a file', {}, '/etc/resolv.conf'],
    [
      'an absolute link',
      { '/etc/resolv.conf': '/run/systemd/resolve/stub-resolv.conf' },
      '/run/systemd/resolve/stub-resolv.conf'
    ],
    [
      'a relative link',
      { '/etc/resolv.conf': '../run/systemd/resolve/stub-resolv.conf' },
      '/run/systemd/resolve/stub-resolv.conf'
    ],
    [
      'a link to a link below /run, which is the end',
      {
        '/etc/resolv.conf': '/run/resolvconf/resolv.conf',
        '/run/resolvconf/resolv.conf': '/run/systemd/resolve/resolv.conf'
      },
      '/run/resolvconf/resolv.conf'
    ],
    [
      'links outside of /run, all followed',
      { '/etc/resolv.conf': 'static/resolv.conf', '/etc/static/resolv.conf': '/nix/resolv.conf' },
      '/nix/resolv.conf'
    ],
    [
      '/var/run, which is /run',
      {
        '/etc/resolv.conf': '/var/run/NetworkManager/resolv.conf',
        '/var/run/NetworkManager': '/run/NetworkManager'
      },
      '/run/NetworkManager/resolv.conf'
    ],
    [
      'a directory that is a link',
      {
        '/etc/resolv.conf': '/etc/resolvconf/run/resolv.conf',
        '/etc/resolvconf/run': '/run/resolvconf'
      },
      '/run/resolvconf/resolv.conf'
    ]
  ])('follows %s', (_, table, target) => {
    expect(resolvTarget('/etc/resolv.conf', linksOf(table))).toBe(target);
  });

  it('gives up after 255 links', () => {
    const table = { '/etc/resolv.conf': '/etc/other', '/etc/other': '/etc/resolv.conf' };

    expect(() => resolvTarget('/etc/resolv.conf', linksOf(table))).toThrow(
      'too many symlinks (more than 255) from /etc/resolv.conf on'
    );
  });

  it('follows a chain of 255', () => {
    const names = [
      '/etc/resolv.conf',
      ...Array.from({ length: 255 }, (_, index) => `/etc/${index}`)
    ];
    const table = Object.fromEntries(
      names.slice(0, -1).map((name, index) => [name, names[index + 1]!])
    );

    expect(resolvTarget('/etc/resolv.conf', linksOf(table))).toBe('/etc/254');
  });
});
