import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { EffectContext } from '../../../src/effects/effects.ts';
import { holdStanding } from '../../../src/effects/networks/standing.ts';

describe('holding networks', () => {
  let dir = '';
  beforeEach(() => (dir = mkdtempSync(join(tmpdir(), 'mooring-standing-'))));
  afterEach(() => rmSync(dir, { recursive: true }));

  const hold = (networks: readonly string[], duringHold: () => void = () => undefined) =>
    holdStanding(dir, {
      async 'networks.hold'({ container }) {
        duringHold();
        return { type: 'networks.held', container };
      }
    })['networks.hold'](
      {
        type: 'networks.hold',
        container: 'web',
        networks: networks.map((name) => ({ name, bridges: [] }))
      },
      CONTEXT
    );
  const define = (name: string) =>
    writeFileSync(join(dir, `${name}.conflist`), `{"name":"${name}","plugins":[{"type":"ptp"}]}`);

  it('is granted while they stand', async () => {
    define('front');

    await expect(hold(['front'])).resolves.toEqual({ type: 'networks.held', container: 'web' });
    await expect(hold([])).resolves.toMatchObject({ type: 'networks.held' });
  });

  it('is refused when one was removed before it was held', async () => {
    define('front');
    define('back');

    const fact = await hold(['front', 'back'], () => rmSync(join(dir, 'back.conflist')));

    expect(fact).toEqual({
      type: 'networks.holdFailed',
      container: 'web',
      failure: { code: 'network.notFound', message: `network back: not found in ${dir}` }
    });
  });
});

const CONTEXT: EffectContext = {
  operation: 'V1StGXR8_Z5jdHi6B-myT',
  askedAt: 0,
  correlation: 'c',
  repeated: false,
  signal: new AbortController().signal
};
