import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isBelow, readSlirp, slirpBinary } from '../../../src/effects/slirp/binary.ts';

let directory = '';
beforeAll(() => (directory = mkdtempSync(join(tmpdir(), 'mooring-slirp-'))));
afterAll(() => rmSync(directory, { recursive: true }));

let count = 0;
/** A slirp4netns that says so and notes each time it is asked. */
function double(version: string, help = '--cidr', exit = 0) {
  const path = join(directory, `slirp-${(count += 1)}`);
  const asked = `${path}.asked`;
  writeFileSync(asked, '');
  writeFileSync(
    path,
    `#!/bin/sh\necho "$1" >>'${asked}'\n` +
      `if [ "$1" = --help ]; then echo '${help}' >&2; else printf '%b' '${version}'; fi\nexit ${exit}\n`
  );
  chmodSync(path, 0o755);
  return { path, asked: () => readFileSync(asked, 'utf8').trim().split('\n').length };
}

const good = 'slirp4netns version 1.2.0\\nlibslirp: 4.7.0\\n';

describe('slirp4netns', () => {
  it('is asked once what it can do, until its file changes', async () => {
    const { path, asked } = double(good, '--cidr --mtu');
    const ask = () => slirpBinary({ path, allowVulnerable: false });

    const [first] = await Promise.all([ask(), ask()]);
    await ask();
    expect(first).toMatchObject({ version: '1.2.0', libslirp: '4.7.0' });
    expect(first.features).toMatchObject({ cidr: true, mtu: true, enableIpv6: false });
    expect(asked()).toBe(2);

    writeFileSync(path, `${readFileSync(path, 'utf8')}# newer\n`);
    await ask();
    expect(asked()).toBe(4);
  });

  it.each([
    ['slirp4netns version 1.0.0\\nlibslirp: 4.3.1\\n', '4.3.1'],
    ['slirp4netns version 0.4.0\\n', 'an unknown version']
  ])('is refused with a libslirp that has known faults: %s', async (version, which) => {
    const { path } = double(version);

    await expect(slirpBinary({ path, allowVulnerable: false })).rejects.toMatchObject({
      code: 'slirp.tooOld',
      message: `${path} uses libslirp ${which}, which a container may break out of: 4.7.0 is needed`
    });
    await expect(slirpBinary({ path, allowVulnerable: true })).resolves.toMatchObject({ path });
  });

  it.each([
    ['is not there', () => join(directory, 'none'), /none --version: .*ENOENT/],
    ['can’t be run', () => double('broken', '', 3).path, /--version: "broken"$/]
  ])('is refused when it %s, and asked again', async (_, path, message) => {
    const at = path();

    for (let times = 0; times < 2; times += 1) {
      await expect(slirpBinary({ path: at, allowVulnerable: true })).rejects.toMatchObject({
        code: 'slirp.probeFailed',
        message: expect.stringMatching(message)
      });
    }
  });

  it('has a warning where it is known to leak', () => {
    expect(readSlirp('/x', 'slirp4netns version 1.2.0', '').warnings).toEqual([
      'slirp4netns 1.2.0 leaks descriptors over time; 1.3.0 does not'
    ]);
    expect(readSlirp('/x', 'slirp4netns version 1.3.1', '').warnings).toEqual([]);
  });

  it.each([
    ['4.7.0', '4.7.0', false],
    ['4.10.0', '4.7.0', false],
    ['4.7', '4.7.0', false],
    ['4.6.9', '4.7.0', true],
    ['3.9.9', '4.7.0', true],
    ['', '4.7.0', true]
  ])('is compared by numbers: %s is below %s: %s', (version, least, answer) => {
    expect(isBelow(version, least)).toBe(answer);
  });
});
