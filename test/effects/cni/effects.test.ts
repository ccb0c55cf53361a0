import { describe, expect, it } from 'vitest';
import { cniEffects, type CniEffectsDeps } from '../../../src/effects/cni/effects.ts';
import type { CniRunner, CniTarget } from '../../../src/effects/cni/runner.ts';
import type { Attachment } from '../../../src/model/container.ts';
import { MooringError } from '../../../src/model/failure.ts';

const netns = { path: '/run/netns/web', device: '4', inode: '4026532000' };
const result = { cniVersion: '1.1.0' };
const attachment: Attachment = {
  network: 'front',
  ifName: 'eth0',
  conflist: {
    name: 'front',
    cniVersion: '1.0.0',
    disableCheck: false,
    disableGC: false,
    loadOnlyInlinedPlugins: false,
    plugins: [{ type: 'bridge' }],
    raw: {}
  },
  args: [],
  capabilityArgs: {},
  result
};
const context = {
  operation: 'op',
  askedAt: 0,
  correlation: 'c',
  repeated: false,
  signal: new AbortController().signal
};
type Found = ReturnType<CniEffectsDeps['verifyNetns']>;
/** What is found in the netns. */
const INSIDE = {
  links: [],
  addresses: [{ index: 2, address: '10.1.2.3/24', family: 4, permanent: true }],
  routes: []
} as const;
const request = { container: 'web', netns, attachment };

/** @param told whether there is masquerading, one answer after the other, and the last again and again */
function arrange(
  found: Found,
  failure?: MooringError,
  told: readonly (boolean | undefined)[] = [false]
) {
  const answers = [...told];
  const targets: CniTarget[] = [];
  const answer = async ({ before, ...target }: CniTarget) => {
    await before?.();
    targets.push(target);
    if (failure) throw failure;
  };
  const runner: CniRunner = {
    add: async (_, target) => {
      await answer(target);
      return result;
    },
    del: (_, target) => answer(target),
    check: (_, target) => answer(target)
  };
  return {
    targets,
    effects: cniEffects({
      runner,
      verifyNetns: () => found,
      hasPlugin: () => true,
      hasInterface: (name) => name !== 'gone0',
      isMasqueraded: () => (answers.length > 1 ? answers.shift() : answers[0]),
      observe: () => Promise.resolve(INSIDE)
    })
  };
}

describe('cni.add', () => {
  const add = (effects: ReturnType<typeof arrange>['effects']) =>
    effects['cni.add']({ type: 'cni.add', ...request }, context);

  it('says what the plugins answered', async () => {
    const { effects, targets } = arrange('same');

    expect(await add(effects)).toEqual({
      type: 'attachment.added',
      container: 'web',
      network: 'front',
      result
    });
    expect(targets).toEqual([
      { containerId: 'web', netnsPath: netns.path, operation: 'op', signal: context.signal }
    ]);
  });

  it.each<[string, Found]>([
    ['of another', 'replaced'],
    ['that is a plain file', 'plain'],
    ['that is gone', 'gone']
  ])('touches no netns %s', async (_, found) => {
    const { effects, targets } = arrange(found);

    expect(await add(effects)).toMatchObject({
      type: 'attachment.addFailed',
      network: 'front',
      failure: { code: 'netns.replaced' }
    });
    expect(targets).toEqual([]);
  });

  it('says why a plugin refused', async () => {
    const { effects } = arrange('same', new MooringError('cni.11', 'front for web: busy'));

    expect(await add(effects)).toEqual({
      type: 'attachment.addFailed',
      container: 'web',
      network: 'front',
      failure: { code: 'cni.11', message: 'front for web: busy' }
    });
  });
});

describe('cni.del', () => {
  it('is suspect when the netns goes while the plugins run', async () => {
    const found: Found[] = ['same', 'gone'];
    const effects = cniEffects({
      runner: { del: (_: unknown, { before }: CniTarget) => before?.() } as unknown as CniRunner,
      verifyNetns: () => found.shift()!,
      hasPlugin: () => true,
      hasInterface: () => true,
      isMasqueraded: () => false,
      observe: () => Promise.resolve(INSIDE)
    });

    const fact = await effects['cni.del']({ type: 'cni.del', ...request }, context);

    expect(fact).toMatchObject({ type: 'attachment.deleted', suspect: true });
  });

  it.each([
    ['10.1.2.3/24', false],
    ['10.1.2.4/24', true],
    [undefined, true]
  ])('with %s that masquerades is suspect where the kernel can’t tell: %s', async (address, is) => {
    const { effects } = arrange('same', undefined, [undefined]);

    expect('suspect' in (await del(effects, masquerading(address)))).toBe(is);
  });

  it.each([
    ['is left', [true, true], true],
    ['is gone', [true, false], false],
    ['was never there', [false, false], false]
  ])('that masquerades is suspect when the kernel tells that it %s', async (_, told, is) => {
    const { effects } = arrange('same', undefined, told);

    expect('suspect' in (await del(effects, masquerading('10.1.2.4/24')))).toBe(is);
  });

  function masquerading(address: string | undefined) {
    const conflist = { ...attachment.conflist, plugins: [{ type: 'bridge', ipMasq: true }] };
    const { result: _, ...unknown } = { ...attachment, conflist };
    if (address === undefined) return { attachment: unknown };
    return { attachment: { ...unknown, result: { ...result, ips: [{ address }] } } };
  }

  const del = (effects: ReturnType<typeof arrange>['effects'], changes = {}, repeated = false) =>
    effects['cni.del']({ type: 'cni.del', ...request, ...changes }, { ...context, repeated });

  it('runs in the netns while it is there', async () => {
    const { effects, targets } = arrange('same');

    expect(await del(effects)).toEqual({
      type: 'attachment.deleted',
      container: 'web',
      network: 'front'
    });
    expect(targets).toMatchObject([{ netnsPath: netns.path }]);
  });

  it.each<[string, Found, object]>([
    ['is known to be gone', 'same', { netns: null }],
    ['is gone', 'gone', {}],
    ['is a plain file', 'plain', {}],
    ['is another by now', 'replaced', {}]
  ])(
    'runs without netns when it %s, and says that rules may be left',
    async (_, found, changes) => {
      const { effects, targets } = arrange(found);

      expect(await del(effects, changes)).toMatchObject({
        type: 'attachment.deleted',
        suspect: true
      });
      expect(targets).toMatchObject([{ netnsPath: '' }]);
    }
  );

  it('says that rules may be left when the link is gone by which they are found', async () => {
    const interfaces = [{ name: 'br0' }, { name: 'gone0' }, { name: 'eth0', sandbox: netns.path }];
    const gone = { ...attachment, result: { ...result, interfaces } };
    const there = { ...attachment, result: { ...result, interfaces: interfaces.toSpliced(1, 1) } };

    expect(await del(arrange('same').effects, { attachment: gone })).toMatchObject({
      suspect: true
    });
    expect(await del(arrange('same').effects, { attachment: there })).not.toHaveProperty('suspect');
  });

  it('says that rules may be left when it is run again', async () => {
    expect(await del(arrange('same').effects, {}, true)).toMatchObject({ suspect: true });
  });

  it('says why it failed', async () => {
    const { effects } = arrange('same', new MooringError('cni.5', 'front for web: no'));

    expect(await del(effects)).toEqual({
      type: 'attachment.delFailed',
      container: 'web',
      network: 'front',
      failure: { code: 'cni.5', message: 'front for web: no' }
    });
  });
});
