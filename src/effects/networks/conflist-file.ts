import { randomUUID } from 'node:crypto';
import { link, open, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { MooringError } from '../../model/failure.ts';
import type { JsonObject } from '../../model/json.ts';
import { makeDirectories } from '../../syscalls/make-directories.ts';

// Without the suffix of a configuration, so that nobody reads it half-written.
const TEMPORARY = /^\.mooring-.*\.tmp$/;
const STALE_MS = 60_000;

/**
 * Writes `<dir>/<name>.conflist`, whole and for good, unless it exists.
 *
 * @returns its absolute path
 * @throws MooringError `network.exists`, `network.cannotWrite`
 */
export async function writeConflist(
  dir: string,
  name: string,
  conflist: JsonObject
): Promise<string> {
  const file = join(dir, `${name}.conflist`);
  const temporary = join(dir, `.mooring-${randomUUID()}.tmp`);
  makeConfDir(dir);
  try {
    await removeStale(dir);
    await writeSynced(temporary, `${JSON.stringify(conflist, null, 2)}\n`);
    // A rename would replace what another has put there meanwhile.
    await link(temporary, file);
  } catch (error) {
    throw refusal(error, name, file);
  } finally {
    await rm(temporary, { force: true });
  }
  await syncDir(dir);
  return file;
}

/**
 * Removes a definition. One that is gone already is no error.
 *
 * @throws MooringError `network.cannotWrite`
 */
export async function removeConflist(dir: string, file: string): Promise<void> {
  try {
    await rm(file, { force: true });
  } catch (error) {
    throw refusal(error, '', file);
  }
  await syncDir(dir);
}

function refusal(cause: unknown, name: string, file: string): unknown {
  const code = (cause as { code?: unknown }).code;
  if (code === 'EEXIST') {
    return new MooringError('network.exists', `the network name ${name} is already used`, {
      cause
    });
  }
  if (typeof code !== 'string' || !NOT_WRITABLE.has(code)) return cause;
  return new MooringError('network.cannotWrite', `${file} cannot be written: ${code}`, { cause });
}

const NOT_WRITABLE = new Set(['EACCES', 'EPERM', 'EROFS', 'ENOSPC', 'EDQUOT']);

function makeConfDir(dir: string): void {
  try {
    makeDirectories(dir, 0o755);
  } catch (cause) {
    const { code = 'unknown' } = cause as NodeJS.ErrnoException;
    throw new MooringError('network.cannotWrite', `${dir} cannot be made: ${code}`, { cause });
  }
}

async function writeSynced(path: string, text: string): Promise<void> {
  const handle = await open(path, 'wx', 0o644);
  try {
    await handle.writeFile(text);
    // Others read it whatever this process's umask is.
    await handle.chmod(0o644);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function syncDir(dir: string): Promise<void> {
  const handle = await open(dir, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

// Left by a process that was killed between writing and linking.
async function removeStale(dir: string): Promise<void> {
  for (const name of (await readdir(dir)).filter((name) => TEMPORARY.test(name))) {
    const path = join(dir, name);
    const age = await stat(path).then(
      ({ mtimeMs }) => Date.now() - mtimeMs,
      () => 0
    );
    if (age > STALE_MS) await rm(path, { force: true });
  }
}
