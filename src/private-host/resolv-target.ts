import { basename, dirname, isAbsolute, join, resolve } from 'node:path';
import { MooringError } from '../model/failure.ts';

/** The part of a file system that following links takes. */
export interface Links {
  /** What a link says; `undefined` when there is no link. */
  readLink(path: string): string | undefined;
  /** A directory with every link in its path followed; the path itself when it does not exist. */
  realDirectory(path: string): string;
}

const HOPS_MAX = 255;

/**
 * The file to mount a resolv.conf on: where the links of `/etc/resolv.conf` lead.
 *
 * It ends at the first file below `/run`, link or not: what that one says of `/run` is of no use
 * where `/run` is another.
 *
 * @throws MooringError `rootless.resolvConf` for a chain of links that does not end
 */
export function resolvTarget(path: string, links: Links): string {
  let at = path;
  for (let hops = 0; hops <= HOPS_MAX; hops += 1) {
    at = join(links.realDirectory(dirname(at)), basename(at));
    if (isBelow(at, '/run')) return at;
    const text = links.readLink(at);
    if (text === undefined) return at;
    at = isAbsolute(text) ? text : resolve(dirname(at), text);
  }
  throw new MooringError(
    'rootless.resolvConf',
    `too many symlinks (more than ${HOPS_MAX}) from ${path} on`
  );
}

/** Whether a path is one below a directory; the directory itself is not. */
export function isBelow(path: string, directory: string): boolean {
  return path.startsWith(`${directory}/`);
}
