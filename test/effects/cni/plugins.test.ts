import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync
} from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { nanoid } from 'nanoid';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { cniPlugins, findPlugin, type PluginCaller } from '../../../src/effects/cni/plugins.ts';
import { run } from '../../../src/effects/process/run.ts';
import { parseConflist } from '../../../src/model/conflist.ts';
import { MooringError } from '../../../src/model/failure.ts';
import { pluginDouble, type PluginDouble } from './double.ts';

let double: PluginDouble;
let caller: PluginCaller;

beforeEach(() => {
  double = pluginDouble('bridge', 'portmap', 'host-local');
  caller = { operation: nanoid(), signal: new AbortController().signal };
});
afterEach(() => double.remove());

const cachePath = () => join(double.root, 'state/plugin-versions.json');
const plugins = (...pluginDirs: string[]) =>
  cniPlugins({
    run,
    pluginDirs: pluginDirs.length > 0 ? pluginDirs : [double.bin],
    versionCachePath: cachePath(),
    limits: { timeoutMs: 60_000, graceMs: 20 }
  });
const failing = (code: string, message: string) =>
  expect.objectContaining({ code, message: expect.stringContaining(message) as string });

describe('finding a plugin', () => {
  it('searches the directories in order, for a regular file', () => {
    const first = join(double.root, 'first');
    mkdirSync(join(first, 'bridge'), { recursive: true });

    expect(findPlugin('bridge', [first, double.bin]).file).toBe(join(double.bin, 'bridge'));
    rmSync(join(first, 'bridge'), { recursive: true });
    writeFileSync(join(first, 'bridge'), '');
    expect(findPlugin('bridge', [first, double.bin]).file).toBe(join(first, 'bridge'));
  });

  it('names the directories when it finds nothing', () => {
    expect(() => findPlugin('absent', ['/a', '/b'])).toThrow(
      failing('cni.pluginNotFound', 'plugin absent: not found in /a, /b')
    );
    expect(() => findPlugin('bridge', [])).toThrow(
      failing('cni.pluginNotFound', 'no plugin directory is given')
    );
  });

  it('takes no dangling link, no device and no FIFO', () => {
    symlinkSync('/nonexistent', join(double.bin, 'dangling'));
    symlinkSync('/dev/null', join(double.bin, 'device'));

    for (const type of ['dangling', 'device']) {
      expect(() => findPlugin(type, [double.bin])).toThrow(failing('cni.pluginNotFound', type));
    }
  });

  it.each(['', '.', '..', '../bin/sh', 'a/b', '/bin/sh', 'a\0b', 'a b', 'ä', 'x'.repeat(4096)])(
    'refuses the type %j',
    (type) => {
      expect(() => findPlugin(type, ['/bin', double.bin])).toThrow(
        failing('cni.badPluginType', '')
      );
    }
  );

  it('never leaves the directories, whatever the type', () => {
    const parts = fc.constantFrom(
      '..',
      '/',
      '.',
      '\0',
      'bridge',
      'bin',
      'sh',
      '-',
      '%2e',
      'é',
      ' '
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(parts).map((list) => list.join(''))
        ),
        (type) => {
          try {
            const { file } = findPlugin(type, [double.bin]);
            expect(file).toBe(join(double.bin, type));
            expect(['bridge', 'portmap', 'host-local']).toContain(type);
          } catch (error) {
            if (!(error instanceof MooringError)) throw error;
          }
        }
      ),
      { numRuns: 2000 }
    );
  });

  it.each(['relative', '/a:/b', '/a\0b'])('refuses the directory %j', (dir) => {
    expect(() => findPlugin('bridge', [dir])).toThrow(failing('cni.badPluginDir', ''));
  });
});

describe('versions of a plugin', () => {
  it('are what it says, odd entries included', async () => {
    double.on(
      'bridge',
      'VERSION',
      `echo '{"cniVersion":"0.3.1","supportedVersions":["0.-42.0","0.3.1"]}'`
    );

    expect(await plugins().versions('bridge', caller)).toEqual(['0.-42.0', '0.3.1']);
    expect(double.calls()[0]?.env).toMatchObject({ CNI_COMMAND: 'VERSION', CNI_NETNS: 'dummy' });
  });

  it.each([
    [
      'one older than the command',
      `echo '{"code":100,"msg":"unknown CNI_COMMAND: VERSION"}'; exit 1`,
      ['0.1.0']
    ],
    ['one without list', `echo '{"cniVersion":"0.2.0"}'`, ['0.1.0', '0.2.0']],
    [
      'one with versions of its own',
      `echo '{"cniVersion":"0.2.0","supportedVersions":["0.2.0","0.999.0"]}'`,
      ['0.2.0', '0.999.0']
    ]
  ])('are known for %s', async (_, behaviour, expected) => {
    double.on('bridge', 'VERSION', behaviour);

    expect(await plugins().versions('bridge', caller)).toEqual(expected);
  });

  it.each([
    ['no version', `echo '{"supportedVersions":["1.0.0"]}'`, 'it has no cniVersion'],
    ['no list', `echo '{"cniVersion":"1.0.0"}'`, 'it has no supportedVersions'],
    ['no JSON', 'echo garbage', 'it is not JSON'],
    ['no object', 'echo []', 'it is not a JSON object'],
    ['numbers', `echo '{"cniVersion":"1.0.0","supportedVersions":[1]}'`, 'no list of strings']
  ])('are unknown when it answers with %s', async (_, behaviour, reason) => {
    double.on('bridge', 'VERSION', behaviour);

    await expect(plugins().versions('bridge', caller)).rejects.toThrow(
      failing('cni.badOutput', reason)
    );
  });

  it('are asked for once, and again when the binary has changed', async () => {
    const file = join(double.bin, 'own');
    copyFileSync(fileURLToPath(new URL('double.sh', import.meta.url)), file);
    chmodSync(file, 0o755);
    const asked = plugins();
    await asked.versions('own', caller);
    await asked.versions('own', caller);
    await plugins().versions('own', caller);
    expect(double.order()).toEqual(['own VERSION']);

    utimesSync(file, 1, 1);
    await asked.versions('own', caller);
    expect(double.order()).toHaveLength(2);
    writeFileSync(file, `${readFileSync(file, 'utf8')}\n`);
    utimesSync(file, 1, 1);
    await plugins().versions('own', caller);
    expect(double.order()).toHaveLength(3);
    expect(statSync(cachePath()).mode & 0o777).toBe(0o600);
  });

  it.each(['', '{', '[]', '{"x":1}'])(
    'are asked for when what is kept reads %j',
    async (content) => {
      mkdirSync(join(double.root, 'state'));
      writeFileSync(cachePath(), content);

      expect(await plugins().versions('bridge', caller)).toContain('1.0.0');
      expect(await plugins().versions('bridge', caller)).toContain('1.0.0');
      expect(double.order()).toEqual(['bridge VERSION']);
    }
  );

  it('need no place to be kept', async () => {
    writeFileSync(join(double.root, 'state'), 'a file');

    expect(await plugins().versions('bridge', caller)).toContain('1.0.0');
    expect(existsSync(cachePath())).toBe(false);
  });

  it('have a highest that all speak', async () => {
    double.on(
      'portmap',
      'VERSION',
      `echo '{"cniVersion":"1.0.0","supportedVersions":["1.0.0","0.4.0"]}'`
    );
    double.on('host-local', 'VERSION', `echo '{"cniVersion":"0.2.0"}'`);

    expect(await plugins().highestCommonVersion(['bridge', 'portmap'], caller)).toBe('1.0.0');
    await expect(plugins().highestCommonVersion(['portmap', 'host-local'], caller)).rejects.toThrow(
      failing('cni.noCommonVersion', 'portmap, host-local')
    );
  });
});

describe('validating a list', () => {
  const listOf = (cniVersion: string | undefined, ...confs: object[]) =>
    parseConflist(
      { file: 'f', text: JSON.stringify({ cniVersion, name: 'front', plugins: confs }) },
      () => []
    );
  const bridge = { type: 'bridge', ipam: { type: 'host-local' } };

  it('passes when every plugin exists and speaks its version', async () => {
    await plugins().validate(listOf('1.0.0', bridge, { type: 'portmap' }), caller);

    expect(double.order()).toEqual(['bridge VERSION', 'host-local VERSION', 'portmap VERSION']);
  });

  it('takes a list without version for 0.1.0', async () => {
    double.on('portmap', 'VERSION', `echo '{"cniVersion":"0.1.0","supportedVersions":["0.1.0"]}'`);

    await expect(
      plugins().validate(listOf(undefined, { type: 'portmap' }), caller)
    ).resolves.toBeUndefined();
  });

  it.each([
    [
      'broken',
      { type: 'broken' },
      'cni.pluginNotFound',
      'network front: plugin broken: not found in '
    ],
    [
      'an IPAM plugin',
      { type: 'bridge', ipam: { type: 'dhcp' } },
      'cni.pluginNotFound',
      'network front: plugin dhcp'
    ]
  ])('names a plugin that is absent: %s', async (_, conf, code, message) => {
    await expect(plugins().validate(listOf('1.0.0', conf), caller)).rejects.toThrow(
      failing(code, message)
    );
  });

  it('names the plugin that does not speak its version', async () => {
    await expect(plugins().validate(listOf('0.999.0', bridge), caller)).rejects.toThrow(
      failing(
        'cni.versionUnsupported',
        'network front: plugin bridge does not speak CNI 0.999.0, only 0.3.0'
      )
    );
  });
});
