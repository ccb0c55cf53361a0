import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { basename, join } from 'node:path';
import { MooringError } from '../../model/failure.ts';
import { isResolvedStub, parseResolvConf, type ResolvConf } from '../../model/resolv-conf.ts';
import { readOnce } from '../read-once.ts';

/** Where a host keeps what containers' files are made from. Absolute paths. */
export interface HostPaths {
  readonly resolvConf: string;
  /** The servers behind the stub of systemd-resolved. */
  readonly resolved: string;
  /** Directory of ip-netns(8) with files for one netns each, `NAME/resolv.conf`. */
  readonly netnsDir: string;
  readonly hosts: string;
}

export const HOST_PATHS: HostPaths = {
  resolvConf: '/etc/resolv.conf',
  resolved: '/run/systemd/resolve/resolv.conf',
  netnsDir: '/etc/netns',
  hosts: '/etc/hosts'
};

const MAX_BYTES = 1024 * 1024;

/** A resolv.conf to begin with. */
export interface ResolvConfBase {
  readonly base: ResolvConf;
  /** Whether it was written for this very netns. */
  readonly isOwnBase: boolean;
}

/**
 * The resolv.conf that holds for a netns: its own below `/etc/netns`, else the host's, and
 * in place of systemd-resolved's stub, which listens on the host's loopback, the servers behind it.
 *
 * @param netnsPath `null` when it has no path, or is the host's
 * @throws MooringError `files.badSource`; the error of the file system when one can't be read.
 *   One that is missing is empty.
 */
export function resolvConfBase(paths: HostPaths, netnsPath: string | null): ResolvConfBase {
  const own = netnsPath === null ? undefined : netnsConf(paths, netnsPath);
  const base = own ?? confAt(paths.resolvConf) ?? NO_CONF;
  const behind = isResolvedStub(base) ? confAt(paths.resolved) : undefined;
  if (behind !== undefined) return { base: behind, isOwnBase: false };
  return { base, isOwnBase: own !== undefined };
}

const NO_CONF: ResolvConf = { nameservers: [], search: [], options: [] };

/**
 * @returns `undefined` when there is no such file
 * @throws MooringError `files.badSource` when it is no regular file, or larger than 1 MiB
 */
export function readHostFile(path: string): string | undefined {
  return contentOf(path)?.text;
}

interface Content {
  readonly text: string;
  /** Once it was asked for. */
  conf?: ResolvConf;
}

const contents = readOnce<Content | undefined>();

function confAt(path: string): ResolvConf | undefined {
  const content = contentOf(path);
  return content && (content.conf ??= parseResolvConf(content.text));
}

function contentOf(path: string): Content | undefined {
  try {
    return contents.get(path, () => {
      const text = readFile(path);
      return text === undefined ? undefined : { text };
    });
  } catch (error) {
    if ((error as { code?: unknown }).code === 'ENOTDIR') return undefined;
    throw error;
  }
}

function readFile(path: string): string | undefined {
  const fd = openIfPresent(path);
  if (fd === undefined) return undefined;
  try {
    const stat = fstatSync(fd);
    if (!stat.isFile()) throw badSource(path, 'is not a regular file');
    if (stat.size > MAX_BYTES) throw badSource(path, 'is larger than 1 MiB');
    return readWhole(fd, stat.size);
  } finally {
    closeSync(fd);
  }
}

// Its end is seen where nothing more comes: the kernel's files have no size, others may grow.
function readWhole(fd: number, size: number): string {
  let bytes = Buffer.allocUnsafe(size + 512);
  for (let filled = 0; ;) {
    const count = readSync(fd, bytes, filled, bytes.length - filled, null);
    filled += count;
    if (count === 0 || filled >= MAX_BYTES) return bytes.toString('utf8', 0, filled);
    if (filled === bytes.length) bytes = Buffer.concat([bytes], Math.min(filled * 2, MAX_BYTES));
  }
}

function netnsConf({ netnsDir }: HostPaths, netnsPath: string): ResolvConf | undefined {
  const name = basename(netnsPath);
  const isNamed = !netnsPath.startsWith('/proc/') && !['', '.', '..'].includes(name);
  return isNamed ? confAt(join(netnsDir, name, 'resolv.conf')) : undefined;
}

function openIfPresent(path: string): number | undefined {
  try {
    return openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    const { code } = error as { code?: unknown };
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw error;
  }
}

function badSource(path: string, reason: string): MooringError {
  return new MooringError('files.badSource', `${path} ${reason}`);
}
