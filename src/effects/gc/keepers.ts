import { readFileSync } from 'node:fs';
import { keptFor } from '../ports/keeper.ts';
import { allPids, filterPids } from '../process/proc.ts';

/** Containers of this root for which a process keeps host ports bound. */
export async function keptContainers(root: string): Promise<readonly string[]> {
  const containers = new Set<string>();
  await filterPids(allPids(), (pid) => {
    const owner = keptFor(environOf(pid));
    if (owner?.root === root) containers.add(owner.container);
    return false;
  });
  return [...containers];
}

// A process may end at any time, and those of other users can't be read.
function environOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'latin1');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (['ENOENT', 'ESRCH', 'EACCES', 'EPERM'].includes(code ?? '')) return '';
    throw error;
  }
}
