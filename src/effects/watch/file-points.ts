import { lstatSync, readlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** An entry of a directory that decides what stands at a path, or a file by itself. */
export interface FilePoint {
  /** Absolute, without links. */
  readonly directory: string;
  /** `null`: every entry; for a file: its content. */
  readonly name: string | null;
}

const LINKS_MAX = 40;

/**
 * Every name that is looked up on the way to a path, and what stands there: when one of them changes,
 * something else may stand there. The way ends where a name does not exist.
 *
 * A file is watched besides its directory: one that is mounted there is written in another.
 *
 * @param path absolute
 * @returns for `/etc/resolv.conf`, a link to `../run/resolv.conf`: `etc` in `/`, `resolv.conf` in
 *   `/etc`, `run` in `/`, `resolv.conf` in `/run`, and that file; for a directory, every entry of it
 */
export function pointsOf(path: string): readonly FilePoint[] {
  const { points, end } = walk(path);
  return end === undefined ? points : [...points, { directory: end, name: null }];
}

/** @returns `end`: the path without links, `undefined` when nothing stands there */
function walk(path: string): { points: readonly FilePoint[]; end: string | undefined } {
  const points: FilePoint[] = [];
  let rest = path.split('/');
  let here = '/';
  let links = 0;
  for (let name = rest.shift(); name !== undefined; name = rest.shift()) {
    if (name === '' || name === '.') continue;
    if (name === '..') {
      here = dirname(here);
      continue;
    }
    points.push({ directory: here, name });
    const found = lookUp(join(here, name));
    if (found === undefined || links > LINKS_MAX) return { points, end: undefined };
    if (found.link === undefined) {
      here = join(here, name);
      continue;
    }
    links += 1;
    rest = [...found.link.split('/'), ...rest];
    if (found.link.startsWith('/')) here = '/';
  }
  return { points, end: here };
}

/** @returns `undefined` when nothing stands there that could be looked at */
function lookUp(path: string): { readonly link: string | undefined } | undefined {
  try {
    return { link: lstatSync(path).isSymbolicLink() ? readlinkSync(path) : undefined };
  } catch (error) {
    if (isUnreachable(error)) return undefined;
    throw error;
  }
}

/** Whether a name has gone, or leads nowhere, or may not be followed. */
export function isUnreachable(error: unknown): boolean {
  const { code } = error as { code?: unknown };
  return ['ENOENT', 'ENOTDIR', 'ELOOP', 'EACCES', 'EINVAL', 'ENAMETOOLONG'].includes(String(code));
}
