import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { MooringError } from '../../model/failure.ts';
import { parseContainerId } from '../../model/names.ts';
import { inspectNetnsPath, type NetnsPath } from '../../syscalls/nsfs.ts';

/** A file in the directory of netns whose name is one of ours. */
export interface PinnedFile {
  /** Id of the namespace that has this name. */
  readonly namespace: string;
  readonly path: string;
  readonly found: NetnsPath;
}

/**
 * @param nameOf file name of a namespace, `mooring-web`: a fixed beginning and the id
 */
export function pinnedFiles(
  runDir: string,
  nameOf: (namespace: string) => string
): readonly PinnedFile[] {
  const prefix = nameOf('');
  return namesIn(runDir).flatMap((name) => {
    const namespace = name.startsWith(prefix) ? idOf(name.slice(prefix.length)) : undefined;
    if (namespace === undefined || nameOf(namespace) !== name) return [];
    const path = join(runDir, name);
    return [{ namespace, path, found: inspectNetnsPath(path) }];
  });
}

/** Names of directories below one, that are ids of containers. */
export function containersIn(dir: string): readonly string[] {
  return namesIn(dir).flatMap((name) => idOf(name) ?? []);
}

export function idOf(text: string): string | undefined {
  try {
    return parseContainerId(text);
  } catch (error) {
    if (error instanceof MooringError) return undefined;
    throw error;
  }
}

function namesIn(dir: string): readonly string[] {
  try {
    return readdirSync(dir).sort();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
