import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nanoid } from 'nanoid';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ahead } from '../../../src/effects/cni/ahead.ts';
import { goPackageOf } from '../../../src/effects/cni/go-build.ts';
import type { PluginCall } from '../../../src/effects/cni/plugin-exec.ts';
import { readsFirst } from '../../../src/effects/cni/reads-first.ts';
import { cniRunner } from '../../../src/effects/cni/runner.ts';
import { run } from '../../../src/effects/process/run.ts';
import {
  startWaiting,
  type StartWaiting,
  type Waiting
} from '../../../src/effects/process/waiting.ts';
import { parseConflist } from '../../../src/model/conflist.ts';
import { goProgram } from './go-program.ts';

let dir: string;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'mooring-ahead-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

function write(name: string, content: string | Buffer): string {
  const file = join(dir, name);
  writeFileSync(file, content);
  chmodSync(file, 0o755);
  return file;
}

const BRIDGE = 'github.com/containernetworking/plugins/plugins/main/bridge';

describe('the package of a Go program', () => {
  it('is read from what its build left in it', () => {
    expect(goPackageOf(write('bridge', goProgram(BRIDGE)))).toBe(BRIDGE);
  });

  it.each<[string, string | Buffer]>([
    ['an empty file', ''],
    ['a script', '#!/bin/sh\n'],
    ['a program built before Go 1.18', goProgram(BRIDGE, { flags: 0 })],
    ['a program of 32 bits', goProgram(BRIDGE, { bits: 1 })],
    ['a program with the most significant byte first', goProgram(BRIDGE, { order: 2 })],
    ['a program that says nothing of it', goProgram(undefined)],
    ['a program without sections', goProgram(BRIDGE, { sections: 0 })],
    ['a text that is said to be longer than it is', goProgram(BRIDGE, { claimed: 0x3fff })]
  ])('is not told by %s', (_, content) => {
    expect(goPackageOf(write('bridge', content))).toBeUndefined();
  });

  it('is not told by a part of a program, wherever it is cut', () => {
    const whole = goProgram(BRIDGE);
    for (let length = 0; length < whole.length; length += 1) {
      expect(goPackageOf(write('bridge', whole.subarray(0, length)))).toBeUndefined();
    }
  });

  it('is not told by a program that is none of Go’s', () => {
    expect(goPackageOf(process.execPath)).toBeUndefined();
  });
});

describe('whether a plugin reads its input first', () => {
  const isKnown = (file: string) => readsFirst(file, statSync(file, { bigint: true }));

  it.each([
    [BRIDGE, true],
    ['github.com/containers/dnsname/plugins/meta/dnsname', true],
    ['github.com/containernetworking/plugins', false],
    ['example.com/github.com/containernetworking/plugins/plugins/main/bridge', false],
    ['example.com/own/bridge', false]
  ])('is known of %s: %s', (path, answer) => {
    expect(isKnown(write('bridge', goProgram(path)))).toBe(answer);
  });

  it('is asked again of a file that is another by now', () => {
    expect(isKnown(write('bridge', goProgram(BRIDGE)))).toBe(true);
    expect(isKnown(write('bridge', '#!/bin/sh\n'))).toBe(false);
  });

  it('is not known of a file that can not be read', () => {
    const file = write('bridge', goProgram(BRIDGE));
    const stat = statSync(file, { bigint: true });
    rmSync(file);

    expect(readsFirst(file, stat)).toBe(false);
  });
});

describe('a chain', () => {
  const order = [{ type: 'bridge' }, { type: 'portmap' }];
  const callOf = (name: string) =>
    ({ file: join(dir, name), env: {}, operation: 'op' }) as unknown as PluginCall;
  let events: string[];

  const waitingFor = (file: string): Waiting => ({
    started: Promise.resolve(),
    take: () => Promise.resolve(undefined),
    discard: async () => void events.push(`discard ${file}`)
  });
  const started = () =>
    ahead(order, [dir], ({ file }) => {
      const name = file.slice(dir.length + 1);
      events.push(`start ${name}`);
      return waitingFor(name);
    });

  beforeEach(() => {
    events = [];
    write('bridge', goProgram(BRIDGE));
    write('portmap', goProgram('github.com/containernetworking/plugins/plugins/meta/portmap'));
  });

  it('has each plugin started when the one before it works', async () => {
    const chain = started();
    await chain.start(callOf('bridge'));
    expect(events).toEqual(['start bridge']);
    const first = chain.at(0, callOf('bridge'), () => events.push('meanwhile'));
    first.onGiven!();
    expect(events).toEqual(['start bridge', 'meanwhile', 'start portmap']);
    const second = chain.at(1, callOf('portmap'));
    second.onGiven!();
    await chain.close();

    expect(first.waiting).toBeDefined();
    expect(second.waiting).toBeDefined();
    expect(events).toEqual(['start bridge', 'meanwhile', 'start portmap']);
  });

  it('ends the one that had no turn', async () => {
    const chain = started();
    chain.at(0, callOf('bridge')).onGiven!();
    await chain.close();

    expect(events).toEqual(['start portmap', 'discard portmap']);
  });

  it('starts none when a plugin takes its input after it has gone on, or ended', async () => {
    const chain = started();
    const late = chain.at(0, callOf('bridge'), () => events.push('meanwhile'));
    const last = chain.at(1, callOf('portmap'));
    late.onGiven!();
    await chain.close();
    late.onGiven!();
    last.onGiven!();

    expect(events).toEqual([]);
  });

  it('leaves one that is not there for its turn', async () => {
    rmSync(join(dir, 'portmap'));
    const chain = started();
    chain.at(0, callOf('bridge')).onGiven!();
    await chain.close();

    expect(events).toEqual([]);
  });

  it.each([
    ['whose turn is left out', 1, 'portmap'],
    ['that is found elsewhere by now', 0, 'elsewhere/bridge']
  ])('takes one %s for no other, and ends it', async (_, index, name) => {
    const chain = started();
    await chain.start(callOf('bridge'));
    const { waiting } = chain.at(index, callOf(name));
    await chain.close();

    expect(waiting).toBeUndefined();
    expect(events).toEqual(['start bridge', 'discard bridge']);
  });

  it('that fails leaves none waiting', async () => {
    write('bridge', '#!/bin/sh\ncat >/dev/null; exit 1\n');
    const runner = runnerWith(({ file }) => {
      events.push('start');
      return waitingFor(file.slice(dir.length + 1));
    });
    await expect(runner.add(plan(), target())).rejects.toMatchObject({ code: 'cni.0' });

    expect(events).toEqual(['start', 'discard portmap']);
  });

  it('keeps for DEL what the first plugin answered, although the second takes no input', async () => {
    const answer = { cniVersion: '1.0.0', ips: [{ address: '10.1.2.3/24' }] };
    write('bridge', `#!/bin/sh\ncat >/dev/null; echo '${JSON.stringify(answer)}'\n`);
    write('portmap', '#!/bin/sh\nexec 0<&-; exit 1\n');
    const added = runnerWith(startWaiting).add(plan(), target());
    await expect(added).rejects.toMatchObject({ code: 'cni.0' });

    const kept = readFileSync(join(dir, 'cache/results/front-web-eth0'), 'utf8');
    expect(JSON.parse(kept)).toMatchObject({ result: answer });
  });

  it('that is kept from running leaves none waiting', async () => {
    const runner = runnerWith(({ file }) => waitingFor(file.slice(dir.length + 1)));
    const before = (): never => {
      throw new Error('not now');
    };
    await expect(runner.add(plan(), { ...target(), before })).rejects.toThrow('not now');

    expect(events).toEqual(['discard bridge']);
  });

  const plan = () => {
    const text = JSON.stringify({ cniVersion: '1.0.0', name: 'front', plugins: order });
    const conflist = parseConflist({ file: 'front.conflist', text }, () => []);
    return { network: 'front', ifName: 'eth0', conflist, args: [], capabilityArgs: {} };
  };
  const target = () => ({
    containerId: 'web',
    netnsPath: '/run/netns/web',
    operation: nanoid(),
    signal: new AbortController().signal
  });
  const runnerWith = (start: StartWaiting) =>
    cniRunner({
      run,
      startWaiting: start,
      pluginDirs: [dir],
      cacheDir: join(dir, 'cache'),
      timeouts: { addMs: 60_000, delMs: 60_000, checkMs: 60_000, graceMs: 20 }
    });

  it('has a script begun only when the one before it has ended', async () => {
    const log = join(dir, 'log');
    const script = (name: string) =>
      write(
        name,
        `#!/bin/sh\necho ${name} begins >>${log}\ncat >/dev/null\necho ${name} ends >>${log}\necho '{}'`
      );
    script('bridge');
    script('portmap');
    await runnerWith(startWaiting).del(plan(), target(), { cniVersion: '1.0.0' });

    expect(readFileSync(log, 'utf8').trim().split('\n')).toEqual([
      'portmap begins',
      'portmap ends',
      'bridge begins',
      'bridge ends'
    ]);
  });
});
