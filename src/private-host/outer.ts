import { readlinkSync } from 'node:fs';
import { dirname, isAbsolute, join } from 'node:path';
import { OUTER_DIR } from './mount-plan.ts';
import { isBelow } from './resolv-target.ts';

const HOPS_MAX = 255;
/** What of the host is to be seen through the window. */
const SHOWN = ['/etc', '/run'];

/**
 * Where a file of the host is to be read from inside the private host, as it is now: its links are
 * followed as the host would, those of directories too.
 *
 * @param path `/etc/resolv.conf`
 * @returns a path that may not exist
 */
export function outerPath(path: string): string {
  let at = '/';
  let hops = 0;
  const rest = segments(path);
  for (let name = rest.shift(); name !== undefined; name = rest.shift()) {
    if (name === '..') {
      at = dirname(at);
      continue;
    }
    const next = join(at, name);
    const text = hops < HOPS_MAX ? readLink(shown(next)) : undefined;
    if (text === undefined) {
      at = next;
      continue;
    }
    hops += 1;
    if (isAbsolute(text)) at = '/';
    rest.unshift(...segments(text));
  }
  return shown(at);
}

function segments(path: string): string[] {
  return path.split('/').filter((name) => name !== '' && name !== '.');
}

function shown(path: string): string {
  const isShown = SHOWN.some((directory) => path === directory || isBelow(path, directory));
  return isShown ? join(OUTER_DIR, path) : path;
}

function readLink(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}
