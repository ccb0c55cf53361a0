import { randomBytes } from 'node:crypto';
import { closeSync, constants, openSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/**
 * Puts a file of mode 0600 in place of whatever is at `path`, in one step: a reader
 * finds the old text or the new. A link at `path` is replaced and not followed.
 *
 * @param draft where the text is until then, beside `path`; a writer that is killed leaves it there,
 *   so whoever keeps others from writing at the same time gives a name that it can find again.
 *   One that nobody else has unless given
 * @throws the error of the file system, with nothing left behind
 */
export function replaceFile(path: string, text: string, draft = newDraft(path)): void {
  try {
    const fd = openSync(draft, OVER_A_DRAFT, 0o600);
    try {
      writeFileSync(fd, text);
    } finally {
      closeSync(fd);
    }
    renameSync(draft, path);
  } catch (error) {
    rmSync(draft, { force: true });
    throw error;
  }
}

const { O_WRONLY, O_CREAT, O_TRUNC, O_NOFOLLOW } = constants;
const OVER_A_DRAFT = O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW;

function newDraft(path: string): string {
  return join(dirname(path), `.${randomBytes(9).toString('base64url')}.tmp`);
}
