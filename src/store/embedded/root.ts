import { closeSync, constants, linkSync, lstatSync, mkdirSync, rmSync, writeSync } from 'node:fs';
import { resolve } from 'node:path';
import { MooringError } from '../../model/failure.ts';
import { makeDirectories } from '../../syscalls/make-directories.ts';
import { isOurs } from '../../syscalls/owner.ts';
import { codeOf, openFile, openIfPresent, readAt, writeFailure } from './files.ts';
import { layoutOf, type Layout } from './layout.ts';

/**
 * Makes the folders of a store that are missing and checks those that are there.
 *
 * @throws MooringError `store.badRoot` when a folder is a link, another user's, or
 * open to others' writing; `store.badFormat` when a later version made it
 */
export function openRoot(path: string): Layout {
  const layout = layoutOf(resolve(path));
  try {
    prepareFolder(layout.root, true);
    for (const folder of [layout.journals, layout.locks, layout.history, layout.allocations]) {
      prepareFolder(folder, false);
    }
    checkFormat(layout.format);
  } catch (error) {
    throw writeFailure(error, layout.root);
  }
  return layout;
}

function prepareFolder(path: string, recursive: boolean): void {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (stat === undefined) {
    makeFolder(path, recursive);
    // Another process may have been quicker, with something else.
    return prepareFolder(path, recursive);
  }
  if (stat.isSymbolicLink()) throw badRoot(path, 'is a symbolic link');
  if (!stat.isDirectory()) throw badRoot(path, 'is not a directory');
  if (!isOurs(stat)) throw badRoot(path, `belongs to user ${stat.uid}`);
  if ((stat.mode & 0o022) !== 0) throw badRoot(path, 'can be written by others');
}

function makeFolder(path: string, recursive: boolean): void {
  try {
    if (recursive) makeDirectories(path, 0o700);
    else mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error;
  }
}

function checkFormat(path: string): void {
  const text = readText(path) ?? writeFormat(path);
  if (text === FORMAT) return;
  throw new MooringError(
    'store.badFormat',
    `${path} says ${text.slice(0, 64)}, and this version reads ${FORMAT}`
  );
}

// Linked into place whole, so that no reader finds half of it.
function writeFormat(path: string): string {
  const draft = `${path}.${process.pid}`;
  const { fd } = openFile(draft, constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC);
  try {
    writeSync(fd, `${FORMAT}\n`);
    linkSync(draft, path);
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error;
  } finally {
    closeSync(fd);
    rmSync(draft, { force: true });
  }
  return readText(path) ?? '';
}

function readText(path: string): string | undefined {
  const file = openIfPresent(path);
  if (file === undefined) return undefined;
  try {
    return readAt(file.fd, 0, Math.min(file.stat.size, 4096)).toString().trim();
  } finally {
    closeSync(file.fd);
  }
}

const FORMAT = '{"format":1}';

function badRoot(path: string, reason: string): MooringError {
  return new MooringError('store.badRoot', `store directory ${path} ${reason}`);
}
