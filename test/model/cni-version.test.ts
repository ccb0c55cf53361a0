import { describe, expect, it } from 'vitest';
import {
  compareCniVersions,
  isAtLeast,
  knownCniVersion,
  parseCniVersion
} from '../../src/model/cni-version.ts';

describe('a CNI version', () => {
  it.each([
    ['', [0, 1, 0]],
    ['1', [1, 0, 0]],
    ['1.2', [1, 2, 0]],
    ['1.2.3', [1, 2, 3]]
  ])('%j is read as %j', (text, parts) => {
    expect(parseCniVersion(text)).toEqual(parts);
  });

  it.each(['1.2.3.4', 'a.b.c', '1..2', '0.-42.0', ' 1.0.0', '1.0.0-rc1', '99999999999.0.0'])(
    '%j is refused',
    (text) => {
      expect(() => parseCniVersion(text)).toThrow(
        expect.objectContaining({ code: 'cni.badVersion' })
      );
    }
  );

  it('is compared by numbers', () => {
    expect(compareCniVersions('0.10.0', '0.9.0')).toBeGreaterThan(0);
    expect(compareCniVersions('0.3.1', '0.4.0')).toBeLessThan(0);
    expect(compareCniVersions('1', '1.0.0')).toBe(0);
    expect(isAtLeast('0.4.0', '0.4.0')).toBe(true);
    expect(isAtLeast('', '0.2.0')).toBe(false);
    expect(() => compareCniVersions('1.0.0', 'x')).toThrow('at most three numbers');
  });

  it('is unsupported when it is well-formed and none of those implemented', () => {
    expect(knownCniVersion('1.0')).toBe('1.0.0');
    expect(() => knownCniVersion('0.4567.0')).toThrow(
      expect.objectContaining({ code: 'cni.versionUnsupported' })
    );
  });
});
