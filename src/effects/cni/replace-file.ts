import { randomBytes } from 'node:crypto';
import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/**
 * Puts a file of mode 0600 in place of whatever is at `path`, in one step: a reader
 * finds the old text or the new. A link at `path` is replaced and not followed.
 *
 * @throws the error of the file system, with nothing left behind
 */
export function replaceFile(path: string, text: string): void {
  const temporary = join(dirname(path), `.${randomBytes(9).toString('base64url')}.tmp`);
  try {
    writeFileSync(temporary, text, { flag: 'wx', mode: 0o600 });
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}
