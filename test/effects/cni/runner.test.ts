import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { nanoid } from 'nanoid';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { resultCache } from '../../../src/effects/cni/cache.ts';
import { cniRunner, type CniTarget, type CniTimeouts } from '../../../src/effects/cni/runner.ts';
import type { WideRanges } from '../../../src/effects/ports/wide.ts';
import { run } from '../../../src/effects/process/run.ts';
import { startWaiting } from '../../../src/effects/process/waiting.ts';
import { expandConflist, parseConflist } from '../../../src/model/conflist.ts';
import type { AttachmentPlan } from '../../../src/model/container.ts';
import type { JsonObject } from '../../../src/model/json.ts';
import { survivorsOf } from '../process/survivors.ts';
import { pluginDouble, type PluginDouble } from './double.ts';

let double: PluginDouble;
let target: CniTarget;
let logged: string[];

beforeEach(() => {
  double = pluginDouble('bridge', 'tuning', 'portmap');
  logged = [];
  target = {
    containerId: 'web',
    netnsPath: '/run/netns/web',
    operation: nanoid(),
    signal: new AbortController().signal
  };
});

afterEach(() => {
  double.remove();
  expect(survivorsOf(target.operation)).toEqual([]);
});

const timeouts: CniTimeouts = { addMs: 60_000, delMs: 60_000, checkMs: 60_000, graceMs: 20 };

const runner = (short: Partial<CniTimeouts> = {}, ranges?: WideRanges) =>
  cniRunner({
    run,
    startWaiting,
    pluginDirs: [double.bin],
    cacheDir: double.cacheDir,
    timeouts: { ...timeouts, ...short },
    onLog: (line) => logged.push(line),
    ...(ranges && { ranges })
  });

const raw = {
  cniVersion: '1.0.0',
  name: 'front',
  plugins: [
    { type: 'bridge', capabilities: { portMappings: true, mac: true } },
    { type: 'tuning', capabilities: { mac: true } },
    { type: 'portmap' }
  ]
};

function plan(changes: JsonObject = {}): AttachmentPlan {
  const text = JSON.stringify({ ...raw, ...changes });
  return {
    network: 'front',
    ifName: 'eth0',
    conflist: parseConflist({ file: 'front.conflist', text }, () => []),
    args: [
      ['IgnoreUnknown', '1'],
      ['K8S_POD_NAME', 'web']
    ],
    capabilityArgs: { portMappings: [{ hostPort: 1 }], mac: 'aa:bb:cc:dd:ee:01', unknown: 1 }
  };
}

const one = (changes: JsonObject = {}) => plan({ plugins: [{ type: 'bridge' }], ...changes });
const address = { interfaces: [{ name: 'eth0' }], ips: [{ address: '10.1.2.3/24' }] };
const result = { cniVersion: '1.1.0', ...address };

const cacheFile = () => join(double.cacheDir, 'results/front-web-eth0');
const cached = () => JSON.parse(readFileSync(cacheFile(), 'utf8')) as JsonObject;
function seed(content: string): void {
  mkdirSync(dirname(cacheFile()), { recursive: true });
  writeFileSync(cacheFile(), content);
}
const seedEntry = (entry: JsonObject) => seed(JSON.stringify({ ...entryBase, ...entry }));
const entryBase = {
  kind: 'cniCacheV1',
  containerId: 'web',
  networkName: 'front',
  ifName: 'eth0',
  config: ''
};
const failing = (code: string, message: string | RegExp) =>
  expect.objectContaining({
    code,
    message: (typeof message === 'string'
      ? message
      : expect.stringMatching(message)) as unknown as string
  });

describe('ADD', () => {
  it('runs the plugins in order, each with the result of the one before', async () => {
    double.on(
      'tuning',
      'ADD',
      'echo "{\\"cniVersion\\":\\"0.2.0\\",\\"ip4\\":{\\"ip\\":\\"10.9.9.9/24\\"}}"'
    );
    const answer = await runner().add(plan(), target);

    expect(double.order()).toEqual(['bridge ADD', 'tuning ADD', 'portmap ADD']);
    expect(answer).toEqual(result);
    const [bridge, tuning, portmap] = double.calls();
    expect(bridge?.stdin).toEqual({
      ...raw.plugins[0],
      name: 'front',
      cniVersion: '1.0.0',
      runtimeConfig: { portMappings: [{ hostPort: 1 }], mac: 'aa:bb:cc:dd:ee:01' }
    });
    expect(tuning?.stdin).toMatchObject({
      runtimeConfig: { mac: 'aa:bb:cc:dd:ee:01' },
      prevResult: { cniVersion: '1.0.0', ...address }
    });
    expect(portmap?.stdin).not.toHaveProperty('runtimeConfig');
    expect(portmap?.stdin).toMatchObject({
      prevResult: { cniVersion: '1.0.0', ips: [{ address: '10.9.9.9/24' }] }
    });
  });

  describe('with a wide range of ports', () => {
    const wide = { hostPort: 9000, containerPort: 80, protocol: 'tcp', hostIP: '', range: 100 };
    const portmap = { type: 'portmap', capabilities: { portMappings: true } };
    const ports = () =>
      double.calls().map(({ stdin }) => {
        const { runtimeConfig } = stdin as { runtimeConfig?: { portMappings: readonly object[] } };
        return runtimeConfig?.portMappings ?? [];
      });
    const publishing = (isPublished: boolean) =>
      runner(
        {},
        {
          takesFirst: ({ type }) => type === 'portmap',
          publishRest: () => Promise.resolve(isPublished)
        }
      );
    const planned = () => ({
      ...plan({ plugins: [raw.plugins[0]!, portmap] }),
      capabilityArgs: { portMappings: [wide] }
    });

    it('gives a plugin the first port only, when the rest is published for it', async () => {
      await publishing(true).add(planned(), target);
      await publishing(true).del(planned(), target, undefined);

      const { range: _range, ...first } = wide;
      expect(double.order()).toEqual(['bridge ADD', 'portmap ADD', 'portmap DEL', 'bridge DEL']);
      const [every, ...narrow] = ports();
      expect(every).toHaveLength(100);
      expect(narrow.slice(0, 2)).toEqual([[first], [first]]);
    });

    it('begins again with every port, when the rest could not be published', async () => {
      await publishing(false).add(planned(), target);

      expect(double.order()).toEqual(['bridge ADD', 'portmap ADD', 'portmap DEL', 'portmap ADD']);
      expect(ports().map(({ length }) => length)).toEqual([100, 1, 1, 100]);
    });
  });

  it('gives the same environment to each, and nothing else', async () => {
    process.env['CNI_PATH'] = '/stray';
    process.env['LD_PRELOAD_STRAY'] = '/stray.so';
    await runner().add(plan(), target);
    delete process.env['CNI_PATH'];
    delete process.env['LD_PRELOAD_STRAY'];

    for (const { env } of double.calls()) {
      expect(env).toEqual({
        CNI_COMMAND: 'ADD',
        CNI_CONTAINERID: 'web',
        CNI_NETNS: '/run/netns/web',
        CNI_IFNAME: 'eth0',
        CNI_ARGS: 'IgnoreUnknown=1;K8S_POD_NAME=web',
        CNI_PATH: double.bin,
        PATH: '/usr/sbin:/usr/bin:/sbin:/bin',
        MOORING_OPERATION: target.operation
      });
    }
  });

  it('keeps the result and all it was made from in the form of libcni', async () => {
    await runner().add(plan(), target);

    expect(cached()).toEqual({
      kind: 'cniCacheV1',
      containerId: 'web',
      config: expect.any(String) as string,
      ifName: 'eth0',
      networkName: 'front',
      netns: '/run/netns/web',
      cniArgs: plan().args,
      capabilityArgs: plan().capabilityArgs,
      result: { cniVersion: '1.0.0', ...address, routes: [] }
    });
    const config = Buffer.from(cached()['config'] as string, 'base64').toString();
    expect(JSON.parse(config)).toEqual(expandConflist(plan().conflist));
    expect(statSync(cacheFile()).mode & 0o777).toBe(0o600);
    expect(statSync(dirname(cacheFile())).mode & 0o777).toBe(0o700);
    expect(readdirSync(dirname(cacheFile()))).toHaveLength(1);

    const entries = resultCache(double.cacheDir).list('web');
    expect(entries).toMatchObject([{ network: 'front', netns: '/run/netns/web', config }]);
    expect(resultCache(double.cacheDir).list()).toEqual(entries);
    expect(resultCache(double.cacheDir).list('we')).toEqual([]);
  });

  it('fails when the result cannot be kept', async () => {
    mkdirSync(double.cacheDir);
    writeFileSync(join(double.cacheDir, 'results'), '');

    await expect(runner().add(one(), target)).rejects.toThrow(
      failing('cni.cacheFailed', /^front for web: the result can't be kept in /)
    );
    expect(double.order()).toEqual(['bridge ADD']);
  });

  it('runs nothing when a plugin of the list is absent', async () => {
    const absent = plan({ plugins: [{ type: 'bridge' }, { type: 'absent' }] });

    await expect(runner().add(absent, target)).rejects.toThrow(
      failing('cni.pluginNotFound', `front for web: plugin absent: not found in ${double.bin}`)
    );
    expect(double.order()).toEqual([]);
  });

  it('stops at the plugin that refuses, and keeps what the first answered for the DEL that follows', async () => {
    double.on(
      'tuning',
      'ADD',
      `echo '{"code":11,"msg":"IPAM pool\\\\nis busy","details":"try later"}'; exit 1`
    );

    await expect(runner().add(plan(), target)).rejects.toThrow(
      failing('cni.11', 'front for web: tuning refused ADD: IPAM pool is busy (try later)')
    );
    expect(double.order()).toEqual(['bridge ADD', 'tuning ADD']);

    await runner().del(plan(), target, undefined);
    const stdins = double.calls().map(({ command, stdin }) => [command, stdin?.['prevResult']]);
    expect(stdins.filter(([command]) => command === 'DEL')).toEqual(
      Array.from({ length: 3 }, () => [
        'DEL',
        expect.objectContaining({ ips: [{ address: '10.1.2.3/24' }] })
      ])
    );
    expect(resultCache(double.cacheDir).list()).toEqual([]);
  });

  it.each([
    ['', 'no version', '10.1.2.3/24'],
    ['"cniVersion":"",', 'an empty version', '10.1.2.3/24']
  ])('reads a result with %j in the version of the list', async (version, _, ip) => {
    double.on('bridge', 'ADD', `echo '{${version}"ips":[{"version":"4","address":"${ip}"}]}'`);

    const answer = await runner().add(one({ cniVersion: '0.3.1' }), target);

    expect(answer).toEqual({ cniVersion: '1.1.0', ips: [{ address: ip }] });
  });

  it('speaks to plugins of the first version', async () => {
    double.on(
      'bridge',
      'ADD',
      `echo '{"ip4":{"ip":"10.1.2.3/24","routes":[{"dst":"0.0.0.0/0"}]},"dns":{}}'`
    );
    const { cniVersion: _, ...unversioned } = raw;
    const text = JSON.stringify({ ...unversioned, plugins: [{ type: 'bridge' }] });
    const conflist = parseConflist({ file: 'f', text }, () => []);

    const answer = await runner().add({ ...one(), conflist }, target);
    await runner().del({ ...one(), conflist }, target, answer);

    expect(answer).toMatchObject({
      ips: [{ address: '10.1.2.3/24' }],
      routes: [{ dst: '0.0.0.0/0' }]
    });
    expect(double.calls().map(({ stdin }) => stdin)).toEqual([
      { type: 'bridge', name: 'front', cniVersion: '' },
      { type: 'bridge', name: 'front', cniVersion: '' }
    ]);
  });

  it('takes null for an empty result', async () => {
    double.on('bridge', 'ADD', 'echo null');

    expect(await runner().add(one(), target)).toEqual({ cniVersion: '1.1.0' });
  });

  it('passes on what a plugin logs', async () => {
    double.on('bridge', 'ADD', `echo 'slow\nlink' >&2; echo '{}'`);
    await runner().add(one(), target);

    expect(logged).toEqual(['bridge on ADD: slow link']);
  });

  it.each([
    [
      'an error object',
      `echo '{"code":7,"msg":"bad config"}'; exit 1`,
      'cni.7',
      /bridge refused ADD: bad config$/
    ],
    [
      'an error object and exit status 0',
      `echo '{"code":7,"msg":"bad config"}'`,
      'cni.7',
      /bridge refused ADD: bad config$/
    ],
    ['a log only', 'echo oops >&2; exit 4', 'cni.0', /bridge refused ADD: oops \(exit status 4\)$/],
    ['nothing, and fails', 'exit 4', 'cni.0', /refused ADD: it gave no reason \(exit status 4\)$/],
    [
      'garbage, and fails',
      'echo garbage; exit 4',
      'cni.badOutput',
      /exit status 4.*no JSON: garbage$/
    ],
    ['a result, and fails', `echo '{"ips":[]}'; exit 4`, 'cni.0', /refused ADD: .*exit status 4/],
    ['nothing', ':', 'cni.noResult', /bridge answered ADD with success but without a result$/],
    ['garbage', 'echo garbage', 'cni.badOutput', /not JSON: garbage$/],
    ['a list', 'echo "[]"', 'cni.badResult', /result in the result must be an object$/],
    ['a bad address', `echo '{"ips":[{"address":1}]}'`, 'cni.badResult', /ips\[0\]\.address/],
    [
      'a version nobody knows',
      `echo '{"cniVersion":"0.4567.0"}'`,
      'cni.versionUnsupported',
      /0\.4567\.0/
    ],
    ['100 MB', 'head -c 100000000 /dev/zero', 'cni.outputTooLarge', /more than 1 MiB on ADD/],
    ['its death', 'kill -KILL $$', 'cni.killed', /bridge was killed by SIGKILL during ADD$/]
  ])('says it in one line when a plugin answers with %s', async (_, behaviour, code, message) => {
    double.on('bridge', 'ADD', behaviour);

    await expect(runner().add(one(), target)).rejects.toThrow(failing(code, message));
    await expect(runner().add(one(), target)).rejects.toThrow(/^front for web: [^\n]*$/);
  });

  it('stops a plugin that hangs, with its children', async () => {
    double.on('bridge', 'ADD', 'sleep 1000 & sleep 1000');

    await expect(runner({ addMs: 100 }).add(one(), target)).rejects.toThrow(
      failing(
        'cni.timedOut',
        'front for web: bridge did not answer ADD within 100 ms and was stopped'
      )
    );
  });

  it('is not held up by a grandchild that keeps stdout open', async () => {
    double.on('bridge', 'ADD', 'sleep 1000 & echo "{}"');

    expect(await runner().add(one(), target)).toEqual({ cniVersion: '1.1.0' });
  });

  it('is told apart when it is stopped from outside', async () => {
    const signal = AbortSignal.abort();

    await expect(runner().add(one(), { ...target, signal })).rejects.toThrow(
      failing('cni.aborted', 'front for web: bridge was stopped during ADD')
    );
  });

  it('says so when the binary cannot be run', async () => {
    writeFileSync(join(double.bin, 'plain'), 'not executable', { mode: 0o644 });

    await expect(runner().add(one({ plugins: [{ type: 'plain' }] }), target)).rejects.toThrow(
      failing('cni.notStarted', /plain can't be run from .*\/plain: EACCES/)
    );
  });

  it.each([
    ['container id', { containerId: '../web' }, {}, 'container.badId'],
    ['interface name', {}, { ifName: 'a/b' }, 'interface.badName'],
    ['argument', {}, { args: [['IP', '1;X=2']] as const }, 'cni.badArgs']
  ])('runs nothing for a bad %s', async (_, forWhom, changes, code) => {
    await expect(runner().add({ ...one(), ...changes }, { ...target, ...forWhom })).rejects.toThrow(
      failing(code, /./)
    );
    expect(double.order()).toEqual([]);
  });

  it('cannot tell a plugin of 0.2.0 a result without address', async () => {
    double.on('bridge', 'ADD', 'echo "{}"');
    const old = plan({ cniVersion: '0.2.0' });

    await expect(runner().add(old, target)).rejects.toThrow(
      failing('cni.badResult', /tuning can't be given the result/)
    );
  });
});

describe('DEL', () => {
  it('runs the plugins backward, each with the final result', async () => {
    await runner().add(plan(), target);
    await runner().del(plan(), target, result);

    expect(double.order().slice(3)).toEqual(['portmap DEL', 'tuning DEL', 'bridge DEL']);
    for (const { stdin, env } of double.calls().slice(3)) {
      expect(stdin).toMatchObject({ prevResult: { cniVersion: '1.0.0', ...address } });
      expect(env).toMatchObject({ CNI_COMMAND: 'DEL', CNI_NETNS: '/run/netns/web' });
    }
    expect(resultCache(double.cacheDir).list()).toEqual([]);
  });

  it('may be repeated, and finds the cached result by itself', async () => {
    await runner().add(one(), target);
    await runner().del(one(), { ...target, netnsPath: '' }, undefined);
    await runner().del(one(), { ...target, netnsPath: '' }, undefined);

    const [, first, second] = double.calls();
    expect(first?.stdin).toMatchObject({ prevResult: address });
    expect(second?.stdin).not.toHaveProperty('prevResult');
    expect(second?.env).toMatchObject({ CNI_NETNS: '' });
  });

  it('gives no result below 0.4.0', async () => {
    await runner().del(one({ cniVersion: '0.3.1' }), target, result);
    await runner().del(one({ cniVersion: '0.4.0' }), target, result);

    const [old, newer] = double.calls();
    expect(old?.stdin).not.toHaveProperty('prevResult');
    expect(newer?.stdin).toHaveProperty('prevResult.cniVersion', '0.4.0');
  });

  it('goes on past plugins that fail, and gives all reasons', async () => {
    await runner().add(plan(), target);
    double.on('portmap', 'DEL', `echo '{"code":5,"msg":"no iptables"}'; exit 1`);
    double.on('bridge', 'DEL', 'kill -SEGV $$');

    await expect(runner().del(plan(), target, undefined)).rejects.toThrow(
      failing(
        'cni.5',
        'front for web: portmap refused DEL: no iptables; bridge was killed by SIGSEGV during DEL'
      )
    );
    expect(double.order().slice(3)).toEqual(['portmap DEL', 'tuning DEL', 'bridge DEL']);
    expect(resultCache(double.cacheDir).list()).toHaveLength(1);
  });

  it('runs the others when a plugin is absent', async () => {
    const absent = plan({ plugins: [{ type: 'bridge' }, { type: 'absent' }] });

    await expect(runner().del(absent, target, undefined)).rejects.toThrow(
      failing('cni.pluginNotFound', /absent/)
    );
    expect(double.order()).toEqual(['bridge DEL']);
  });

  it.each([
    ['not JSON', 'adfadsfasdfasfdsafaf'],
    [
      'of a version nobody knows',
      JSON.stringify({ ...entryBase, result: { cniVersion: '0.4567.0' } })
    ]
  ])('tolerates a cache file that is %s, and removes it', async (_, content) => {
    seed(content);
    await runner().del(one(), target, undefined);

    expect(double.calls()[0]?.stdin).not.toHaveProperty('prevResult');
    expect(readdirSync(dirname(cacheFile()))).toEqual([]);
  });

  it('leaves what is printed on success unread', async () => {
    double.on('bridge', 'DEL', 'echo garbage');

    await expect(runner().del(one(), target, undefined)).resolves.toBeUndefined();
  });
});

describe('CHECK', () => {
  it('runs forward with the final result', async () => {
    await runner().check(plan(), target, result);

    expect(double.order()).toEqual(['bridge CHECK', 'tuning CHECK', 'portmap CHECK']);
    for (const { stdin, env } of double.calls()) {
      expect(stdin).toMatchObject({ prevResult: address });
      expect(env).toMatchObject({
        CNI_ARGS: 'IgnoreUnknown=1;K8S_POD_NAME=web',
        CNI_IFNAME: 'eth0'
      });
    }
  });

  it.each([
    ['a bare result of libcni 0.7', JSON.stringify({ cniVersion: '0.4.0', ...address })],
    [
      'one with nothing but a result',
      JSON.stringify({ ...entryBase, result: { cniVersion: '1.0.0', ...address } })
    ],
    [
      'an older version',
      JSON.stringify({ ...entryBase, result: { cniVersion: '0.3.1', ...address } })
    ],
    [
      'keys in another case',
      JSON.stringify({ ...entryBase, containerId: undefined, containerID: 'web', result: address })
    ]
  ])('finds the result in a cache file with %s', async (_, content) => {
    seed(content);
    await runner().check(one(), target, undefined);

    const stdin = double.calls()[0]?.stdin;
    expect(stdin).toMatchObject({ prevResult: { cniVersion: '1.0.0', ...address } });
    expect(stdin).not.toHaveProperty('kind');
    expect(stdin).not.toHaveProperty('config');
  });

  it.each([
    ['not JSON', 'adfadsfasdfasfdsafaf', 'cni.cacheCorrupt'],
    [
      'of a version nobody knows',
      JSON.stringify({ ...entryBase, result: { cniVersion: '0.4567.0' } }),
      'cni.versionUnsupported'
    ]
  ])('runs nothing when the cache file is %s', async (_, content, code) => {
    seed(content);

    await expect(runner().check(one(), target, undefined)).rejects.toThrow(
      failing(code, /^front for web: /)
    );
    expect(double.order()).toEqual([]);
  });

  it('is refused below 0.4.0', async () => {
    await expect(runner().check(one({ cniVersion: '0.3.1' }), target, result)).rejects.toThrow(
      failing(
        'cni.checkUnsupported',
        'front for web: CNI 0.3.1 has no CHECK, which came with 0.4.0'
      )
    );
    expect(double.order()).toEqual([]);
  });

  it('is left out when the list says so', async () => {
    await runner().check(one({ disableCheck: true }), target, result);

    expect(double.order()).toEqual([]);
  });

  it('stops at the plugin that refuses', async () => {
    double.on('bridge', 'CHECK', `echo '{"code":100,"msg":"link is gone"}'; exit 1`);

    await expect(runner().check(plan(), target, result)).rejects.toThrow(
      failing('cni.100', 'front for web: bridge refused CHECK: link is gone')
    );
    expect(double.order()).toEqual(['bridge CHECK']);
  });

  it('fails when a plugin is absent, which it names', async () => {
    const absent = plan({ plugins: [{ type: 'bridge' }, { type: 'absent' }] });

    await expect(runner().check(absent, target, result)).rejects.toThrow(
      failing('cni.pluginNotFound', /absent/)
    );
  });

  it('runs without a result when none is kept', async () => {
    await runner().check(one(), target, undefined);

    expect(double.calls()[0]?.stdin).not.toHaveProperty('prevResult');
  });
});

describe('a cache file of another attachment', () => {
  it('is neither read, replaced nor removed, though its name is the same', async () => {
    seedEntry({ networkName: 'front-web', containerId: 'eth0', ifName: 'x', result: address });
    const before = readFileSync(cacheFile(), 'utf8');
    await runner().add(one(), target);
    expect(readdirSync(dirname(cacheFile()))).toHaveLength(2);
    await runner().del(one(), target, undefined);

    expect(double.calls().at(-1)?.stdin).toMatchObject({ prevResult: address });
    expect(readFileSync(cacheFile(), 'utf8')).toBe(before);
    expect(readdirSync(dirname(cacheFile()))).toHaveLength(1);
  });

  it('is never mistaken when names are as long as can be', async () => {
    const long = { ...one(), network: 'n'.repeat(128) };
    const forLong = { ...target, containerId: 'c'.repeat(128) };
    await runner().add(long, forLong);
    expect(resultCache(double.cacheDir).list('c'.repeat(128))).toHaveLength(1);
    await runner().del(long, forLong, undefined);

    expect(resultCache(double.cacheDir).list()).toEqual([]);
  });
});
