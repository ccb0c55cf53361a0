import { MooringError } from './failure.ts';

/** Versions whose results can be read and written, lowest first. */
export const CNI_VERSIONS = [
  '0.1.0',
  '0.2.0',
  '0.3.0',
  '0.3.1',
  '0.4.0',
  '1.0.0',
  '1.1.0'
] as const;

export type CniVersion = (typeof CNI_VERSIONS)[number];

/** The highest version that is implemented here. */
export const CNI_CURRENT: CniVersion = '1.1.0';

/**
 * Major, minor and patch; missing parts are 0, and `''` is 0.1.0.
 *
 * @throws MooringError `cni.badVersion`
 */
export function parseCniVersion(text: string): readonly [number, number, number] {
  if (text === '') return [0, 1, 0];
  const parts = text.split('.');
  if (parts.length > 3 || !parts.every((part) => /^\d{1,9}$/.test(part))) {
    throw new MooringError(
      'cni.badVersion',
      `CNI version ${JSON.stringify(text.slice(0, 64))} must be at most three numbers with dots between`
    );
  }
  const [major = 0, minor = 0, patch = 0] = parts.map(Number);
  return [major, minor, patch];
}

/**
 * Below 0 when `a` is the lower, above 0 when it is the higher version.
 *
 * @throws MooringError `cni.badVersion`
 */
export function compareCniVersions(a: string, b: string): number {
  const [major, minor, patch] = parseCniVersion(a);
  const other = parseCniVersion(b);
  return major - other[0] || minor - other[1] || patch - other[2];
}

/**
 * Whether `version` is `least` or higher.
 *
 * @throws MooringError `cni.badVersion`
 */
export function isAtLeast(version: string, least: string): boolean {
  return compareCniVersions(version, least) >= 0;
}

/**
 * The implemented version that is equal to `text`, `1.0` being `1.0.0`.
 *
 * @throws MooringError `cni.badVersion`, `cni.versionUnsupported`
 */
export function knownCniVersion(text: string): CniVersion {
  const known = CNI_VERSIONS.find((version) => compareCniVersions(version, text) === 0);
  if (known === undefined) {
    throw new MooringError(
      'cni.versionUnsupported',
      `CNI version ${text} is none of ${CNI_VERSIONS.join(', ')}`
    );
  }
  return known;
}
