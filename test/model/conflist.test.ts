import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { expandConflist, parseConflist, parseSingleConf } from '../../src/model/conflist.ts';
import { MooringError } from '../../src/model/failure.ts';

const file = '/etc/cni/net.d/10-front.conflist';
const noMore = () => [];
const bridge = { type: 'bridge', bridge: 'cni-front', 'example.com/key': { any: [1, null] } };
const base = { cniVersion: '1.0.0', name: 'front', plugins: [bridge] };
const parse = (value: unknown, readMore: Parameters<typeof parseConflist>[1] = noMore) =>
  parseConflist({ file, text: JSON.stringify(value) }, readMore);
const refusal = (code: string, message: string) =>
  expect.objectContaining({ code, message: expect.stringContaining(message) as string });

describe('a conflist', () => {
  it('is read with all its plugins and unknown keys', () => {
    const raw = { cniVersion: '1.0.0', name: 'front', comment: 'kept' };
    const plugins = [bridge, { type: 'portmap' }];

    expect(parse({ ...raw, plugins })).toEqual({
      name: 'front',
      cniVersion: '1.0.0',
      disableCheck: false,
      disableGC: false,
      loadOnlyInlinedPlugins: false,
      plugins,
      raw
    });
  });

  it.each([
    ['the highest of several', { cniVersions: ['1.1.0', '0.4.0', '1.0.0'] }, '1.1.0'],
    ['none above what is implemented', { cniVersions: ['99.0.0', '1.1.0'] }, '1.1.0'],
    ['a lone one as it is', { cniVersion: '1.2.3' }, '1.2.3'],
    ['the higher of both kinds', { cniVersion: '1.0.0', cniVersions: ['0.1.0', '0.4.0'] }, '1.0.0'],
    ['nothing when nothing is offered', { cniVersions: [] }, ''],
    ['nothing when nothing is said', {}, '']
  ])('speaks %s', (_, versions, expected) => {
    expect(parse({ name: 'front', plugins: [bridge], ...versions }).cniVersion).toBe(expected);
  });

  it.each([
    ['one that is no version', { cniVersions: ['1.0.f'] }],
    ['a number', { cniVersion: 1 }],
    ['one that is no list', { cniVersions: '1.0.0' }],
    ['only versions to come', { cniVersions: ['99.0.0'] }],
    ['a lone one that is no version', { cniVersion: 'a.b.c' }]
  ])('with versions of which %s is refused', (_, versions) => {
    expect(() => parse({ name: 'front', plugins: [bridge], ...versions })).toThrow(
      refusal('conflist.badVersion', file)
    );
  });

  it.each(['disableCheck', 'disableGC', 'loadOnlyInlinedPlugins'] as const)(
    'takes %s as a boolean and as a word in any case',
    (key) => {
      for (const [value, expected] of [
        [true, true],
        ['true', true],
        ['TRUE', true],
        [false, false],
        ['False', false]
      ]) {
        expect(parse({ ...base, [key]: value })[key]).toBe(expected);
      }
      expect(() => parse({ ...base, [key]: 'adsf' })).toThrow(
        refusal('conflist.badFlag', `${key} must be true or false, not "adsf"`)
      );
      expect(() => parse({ ...base, [key]: 1 })).toThrow(refusal('conflist.badFlag', file));
    }
  );

  it.each([
    ['no plugins at all', { name: 'front' }, 'conflist.noPlugins'],
    ['an empty list', { name: 'front', plugins: [] }, 'conflist.noPlugins'],
    ['no list', { name: 'front', plugins: {} }, 'conflist.badPlugin'],
    ['a plugin that is no object', { name: 'front', plugins: ['bridge'] }, 'conflist.badPlugin'],
    ['a plugin without type', { name: 'front', plugins: [{}] }, 'conflist.badPlugin'],
    ['an empty type', { name: 'front', plugins: [{ type: '' }] }, 'conflist.badPluginType'],
    [
      'no plugins though only inlined ones count',
      { name: 'front', loadOnlyInlinedPlugins: true },
      'conflist.noPlugins'
    ]
  ])('with %s is refused', (_, value, code) => {
    expect(() => parse(value)).toThrow(refusal(code, file));
  });

  it.each([
    ['a type', { type: '../bin/sh' }],
    ['a type with a NUL', { type: 'a\0b' }],
    ['an IPAM type', { type: 'bridge', ipam: { type: '../../bin/sh' } }],
    ['a delegate type', { type: 'flannel', delegate: { type: '/bin/sh' } }]
  ])('cannot lead out of the plugin directories by %s', (_, plugin) => {
    expect(() => parse({ ...base, plugins: [plugin] })).toThrow(
      refusal('conflist.badPluginType', 'plugins[0]')
    );
  });

  it.each([
    ['no name', {}, 'it has no name'],
    ['a name that is no string', { name: 5 }, 'name must be a string'],
    ['an empty name', { name: '' }, 'is empty'],
    ['a trailing space', { name: 'foo ' }, 'must match'],
    ['a path', { name: '../front' }, 'must match']
  ])('with %s is refused', (_, name, rule) => {
    expect(() => parse({ plugins: [bridge], ...name })).toThrow(refusal('conflist.badName', rule));
  });

  it.each(['', '{', '[]', 'null', '"front"'])('that reads %j is refused', (text) => {
    expect(() => parseConflist({ file, text }, noMore)).toThrow(refusal('conflist.badJson', file));
  });

  it('that is nested too deep to be written again is refused', () => {
    const text = `{"name":"front","plugins":[{"type":"bridge","x":${'['.repeat(5000)}${']'.repeat(5000)}}]}`;

    expect(() => parseConflist({ file, text }, noMore)).toThrow(refusal('conflist.tooDeep', file));
  });

  it('is expanded to one that needs nothing else, and reads the same', () => {
    const more = () => [{ file: '/etc/cni/net.d/front/a.conf', text: '{"type":"tuning"}' }];
    const conflist = parse({ ...base, cniVersions: ['0.4.0', '1.1.0'] }, more);
    const again = parse(expandConflist(conflist));

    expect(again).toMatchObject({ cniVersion: '1.1.0', plugins: conflist.plugins });
  });

  it('from random JSON is read or refused, and nothing else', () => {
    const keys = fc.constantFrom(
      'name',
      'plugins',
      'cniVersion',
      'cniVersions',
      'disableCheck',
      'type'
    );
    fc.assert(
      fc.property(fc.oneof(fc.jsonValue(), fc.dictionary(keys, fc.jsonValue())), (value) => {
        for (const read of [parse, single]) {
          try {
            read(value);
          } catch (error) {
            expect(error).toBeInstanceOf(MooringError);
            expect((error as MooringError).code).toMatch(/^conflist\./);
          }
        }
      })
    );
  });
});

describe('plugins of the sub-directory', () => {
  const more = () => [
    { file: '/etc/cni/net.d/front/10.conf', text: '{"type":"tuning"}' },
    { file: '/etc/cni/net.d/front/20.conf', text: '{"type":"portmap"}' }
  ];
  const types = (value: object) => parse(value, more).plugins.map(({ type }) => type);

  it('come after the inlined ones', () => {
    expect(types(base)).toEqual(['bridge', 'tuning', 'portmap']);
  });

  it('may be the only ones', () => {
    expect(types({ name: 'front' })).toEqual(['tuning', 'portmap']);
  });

  it('are left out when only inlined ones count', () => {
    expect(types({ ...base, loadOnlyInlinedPlugins: true })).toEqual(['bridge']);
  });

  it('are named when one is broken', () => {
    const broken = () => [{ file: '/etc/cni/net.d/front/10.conf', text: '{}' }];

    expect(() => parse(base, broken)).toThrow(
      refusal('conflist.badPlugin', '/etc/cni/net.d/front/10.conf: it has no type')
    );
  });
});

const single = (value: unknown) => parseSingleConf({ file, text: JSON.stringify(value) });

describe('a configuration of one plugin', () => {
  it('is read as a list of one, which reads the same again', () => {
    const conf = { cniVersion: '0.3.1', name: 'front', ...bridge };
    const conflist = single(conf);

    expect(conflist).toMatchObject({ name: 'front', cniVersion: '0.3.1', plugins: [conf] });
    expect(parse(expandConflist(conflist))).toEqual(conflist);
  });

  it.each([
    ['has no type', { name: 'front' }, 'it has no type'],
    ['is a list', base, 'its name must end in .conflist']
  ])('is refused when it %s', (_, value, rule) => {
    expect(() => single(value)).toThrow(refusal('conflist.badPlugin', rule));
  });
});
