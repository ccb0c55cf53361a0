import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cniArgsText, parseCniError, pluginStdin } from '../../src/model/cni-args.ts';
import type { Conflist, PluginConf } from '../../src/model/conflist.ts';

const plugin: PluginConf = {
  type: 'noop',
  name: 'old',
  capabilities: { portMappings: true, somethingElse: true, noCapability: false }
};
const conflist: Conflist = {
  name: 'front',
  cniVersion: '1.0.0',
  disableCheck: false,
  disableGC: false,
  loadOnlyInlinedPlugins: false,
  plugins: [plugin],
  raw: {}
};

describe('stdin of a plugin', () => {
  it('has the capabilities that are declared and supplied', () => {
    const supplied = { portMappings: [], somethingElse: ['b'], noCapability: true, notAdded: [] };

    expect(pluginStdin(conflist, plugin, supplied, undefined)).toEqual({
      ...plugin,
      name: 'front',
      cniVersion: '1.0.0',
      runtimeConfig: { portMappings: [], somethingElse: ['b'] }
    });
  });

  it('has every port of a range by itself', () => {
    const range = { hostPort: 8080, containerPort: 80, protocol: 'tcp', hostIP: '' };
    const supplied = { portMappings: [{ ...range, range: 3 }, { hostPort: 53 }] };

    expect(pluginStdin(conflist, plugin, supplied, undefined)['runtimeConfig']).toEqual({
      portMappings: [
        range,
        { ...range, hostPort: 8081, containerPort: 81 },
        { ...range, hostPort: 8082, containerPort: 82 },
        { hostPort: 53 }
      ]
    });
  });

  it('has no runtimeConfig when nothing declared is supplied', () => {
    const supplied = { notAdded: [true], noCapability: false, constructor: true };

    expect(pluginStdin(conflist, plugin, supplied, undefined)).not.toHaveProperty('runtimeConfig');
  });

  it('has the last result in place of one that stood in the file', () => {
    const stale = { ...plugin, prevResult: { cniVersion: '0.4.0' } };

    expect(pluginStdin(conflist, stale, {}, undefined)['prevResult']).toEqual({
      cniVersion: '0.4.0'
    });
    expect(pluginStdin(conflist, stale, {}, { cniVersion: '1.0.0' })['prevResult']).toEqual({
      cniVersion: '1.0.0'
    });
  });
});

describe('CNI_ARGS', () => {
  it('keeps the order', () => {
    expect(
      cniArgsText([
        ['IgnoreUnknown', '1'],
        ['IP', 'fd00::5']
      ])
    ).toBe('IgnoreUnknown=1;IP=fd00::5');
    expect(cniArgsText([])).toBe('');
  });

  it.each(['', 'a;b', 'a=b', 'a\nb', 'a\0b'])('refuses the part %j', (part) => {
    const refusal = expect.objectContaining({ code: 'cni.badArgs' });
    expect(() => cniArgsText([['IP', part]])).toThrow(refusal);
    expect(() => cniArgsText([[part, '1']])).toThrow(refusal);
  });
});

describe('an error object', () => {
  it('may lack everything', () => {
    expect(parseCniError('{"code":11,"msg":"busy","details":"pool"}')).toEqual({
      code: 11,
      msg: 'busy',
      details: 'pool'
    });
    expect(parseCniError('{}')).toEqual({ code: 0, msg: '', details: '' });
    expect(parseCniError('garbage')).toBeUndefined();
    expect(parseCniError('[]')).toBeUndefined();
  });

  it('is never a reason to throw', () => {
    fc.assert(fc.property(fc.oneof(fc.string(), fc.json()), (text) => void parseCniError(text)));
  });
});
