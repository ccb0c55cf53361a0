import type { BigIntStats } from 'node:fs';
import { goPackageOf } from './go-build.ts';

/**
 * Where the plugins come from of which it is known that they read their input to the end before
 * they do anything: each `main` is nothing but a call of the plugin skeleton, which reads first
 * and then looks at what it is told.
 *
 * @see containernetworking/cni, pkg/skel
 */
const PACKAGES = [
  'github.com/containernetworking/plugins/plugins/',
  'github.com/containers/dnsname/plugins/'
];

/** Of each binary that was asked for, by path: what it was at that time, and the answer. */
const known = new Map<string, { readonly stamp: string; readonly answer: boolean }>();

/**
 * Whether a plugin does nothing before it has read its whole input, so that it may be started
 * before it is its turn. Of others, a shell script that acts on DEL at once, say, nobody knows:
 * they are started in their turn, as the specification has it.
 */
export function readsFirst(file: string, { mtimeNs, size, ino }: BigIntStats): boolean {
  const stamp = `${mtimeNs}-${size}-${ino}`;
  const before = known.get(file);
  if (before?.stamp === stamp) return before.answer;
  const answer = isFromKnown(file);
  known.set(file, { stamp, answer });
  return answer;
}

function isFromKnown(file: string): boolean {
  try {
    const path = goPackageOf(file) ?? '';
    return PACKAGES.some((known) => path.startsWith(known));
  } catch {
    // Whoever runs it says why it can't be read.
    return false;
  }
}
