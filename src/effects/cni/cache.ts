import { createHash } from 'node:crypto';
import { constants, lstatSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expandCapabilities } from '../../model/attachment.ts';
import { expandConflist } from '../../model/conflist.ts';
import type { AttachmentPlan } from '../../model/container.ts';
import { failureOf, MooringError } from '../../model/failure.ts';
import type { JsonObject } from '../../model/json.ts';
import { parseContainerId, parseInterfaceName, parseNetworkName } from '../../model/names.ts';
import { entryOf, type CacheEntry } from './cache-entry.ts';
import { replaceFile } from './replace-file.ts';

/** Which attachment a file of the cache is about. */
export interface CacheKey {
  readonly network: string;
  readonly containerId: string;
  readonly ifName: string;
}

/**
 * Results of ADD in the files and the form of libcni: `<dir>/results/<network>-<id>-<ifName>`.
 *
 * It is for other tools, and for a DEL that is given no result; the store is what Mooring goes by.
 */
export interface ResultCache {
  /**
   * @param result in the list's version
   * @throws MooringError `cni.cacheFailed`
   */
  write(plan: AttachmentPlan, containerId: string, netns: string, result: JsonObject): void;

  /**
   * @returns `undefined` when there is none
   * @throws MooringError `cni.cacheCorrupt`
   */
  read(key: CacheKey): CacheEntry | undefined;

  /**
   * Removes what is there for this attachment and for no other.
   *
   * @throws MooringError `cni.cacheFailed`
   */
  remove(key: CacheKey): void;

  /** Every attachment, or those of one container; files that can't be read are left out. */
  list(containerId?: string): CacheEntry[];
}

export function resultCache(cacheDir: string): ResultCache {
  const dir = join(cacheDir, 'results');
  return {
    write: (plan, containerId, netns, result) =>
      write(dir, { network: plan.network, containerId, ifName: plan.ifName }, () =>
        contentOf(plan, containerId, netns, result)
      ),
    read: (key) => read(dir, key),
    remove: (key) => remove(dir, key),
    list: (containerId) => list(dir, containerId)
  };
}

function write(dir: string, key: CacheKey, content: () => JsonObject): void {
  try {
    mkdirSync(dir, { recursive: true, mode: 0o700 });
    replaceFile(freePath(dir, key), JSON.stringify(content()), draftOf(dir, key));
  } catch (error) {
    const { message } = failureOf(error, 'cni', `the result can't be kept in ${dir}`);
    throw new MooringError('cni.cacheFailed', message, { cause: error });
  }
}

function read(dir: string, key: CacheKey): CacheEntry | undefined {
  for (const path of pathsOf(dir, key)) {
    const text = textOf(path);
    if (text === undefined) continue;
    const entry = entryOf(path, text);
    if (isAbout(entry, key)) return entry;
  }
  return undefined;
}

function remove(dir: string, key: CacheKey): void {
  const draft = draftOf(dir, key);
  for (const path of [draft, ...pathsOf(dir, key)]) {
    try {
      const isThere = lstatSync(path, { throwIfNoEntry: false }) !== undefined;
      if (isThere && (path === draft || !holdsOther(path, key))) rmSync(path, { force: true });
    } catch (error) {
      const { message } = failureOf(error, 'cni', `${path} can't be removed`);
      throw new MooringError('cni.cacheFailed', message, { cause: error });
    }
  }
}

function list(dir: string, containerId: string | undefined): CacheEntry[] {
  return namesIn(dir)
    .map((name) => tryEntry(join(dir, name)))
    .filter((entry) => entry !== undefined)
    .filter((entry) => entry.containerId !== '' && entry.network !== '' && entry.ifName !== '')
    .filter((entry) => containerId === undefined || entry.containerId === containerId);
}

function freePath(dir: string, key: CacheKey): string {
  const paths = pathsOf(dir, key);
  return paths.find((path) => !holdsOther(path, key)) ?? paths.at(-1)!;
}

// The parts may hold dashes, so two attachments can have one name; and it may be too long.
function pathsOf(dir: string, key: CacheKey): string[] {
  const network = parseNetworkName(key.network);
  const containerId = parseContainerId(key.containerId);
  const ifName = parseInterfaceName(key.ifName);
  const name = `${network}-${containerId}-${ifName}`;
  const names = Buffer.byteLength(name) > NAME_MAX_BYTES ? [] : [name];
  return [...names, digestOf(key)].map((file) => join(dir, file));
}

// Who writes it has the container's lease, so that one name for all its writers does.
function draftOf(dir: string, key: CacheKey): string {
  return join(dir, `.${digestOf(key)}.tmp`);
}

function digestOf({ network, containerId, ifName }: CacheKey): string {
  const text = JSON.stringify([network, containerId, ifName]);
  return createHash('sha256').update(text).digest('hex');
}

const NAME_MAX_BYTES = 255;

function contentOf(
  { network, ifName, conflist, args, capabilityArgs }: AttachmentPlan,
  containerId: string,
  netns: string,
  result: JsonObject
): JsonObject {
  const config = JSON.stringify(expandConflist(conflist));
  return {
    kind: 'cniCacheV1',
    containerId,
    config: Buffer.from(config).toString('base64'),
    ifName,
    networkName: network,
    netns,
    ...(args.length > 0 && { cniArgs: args }),
    ...(Object.keys(capabilityArgs).length > 0 && {
      capabilityArgs: expandCapabilities(capabilityArgs)
    }),
    result
  };
}

// libcni 0.7 kept the bare result, which does not say whose it is.
function isAbout({ kind, containerId, network, ifName }: CacheEntry, key: CacheKey): boolean {
  if (kind === 'bareResult') return true;
  return containerId === key.containerId && network === key.network && ifName === key.ifName;
}

function holdsOther(path: string, key: CacheKey): boolean {
  const entry = tryEntry(path);
  return entry !== undefined && !isAbout(entry, key);
}

function tryEntry(path: string): CacheEntry | undefined {
  try {
    const text = textOf(path);
    return text === undefined ? undefined : entryOf(path, text);
  } catch (error) {
    if (error instanceof MooringError && error.code === 'cni.cacheCorrupt') return undefined;
    throw error;
  }
}

function textOf(path: string): string | undefined {
  try {
    const flag = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
    return readFileSync(path, { encoding: 'utf8', flag: flag as unknown as string });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    const { message } = failureOf(error, 'cni', path);
    throw new MooringError('cni.cacheCorrupt', message, { cause: error });
  }
}

function namesIn(dir: string): string[] {
  try {
    // Drafts begin with a dot, and no network's name does.
    return readdirSync(dir)
      .filter((name) => !name.startsWith('.'))
      .sort();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw new MooringError('cni.cacheFailed', failureOf(error, 'cni', dir).message, {
      cause: error
    });
  }
}
