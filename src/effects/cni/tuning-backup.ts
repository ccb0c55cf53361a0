import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Attachment } from '../../model/container.ts';

/** Where the plugin tuning keeps what an interface was like, unless a conflist says otherwise. */
const BACKUP_DIR = '/run/cni/tuning';

/**
 * Removes what `tuning` keeps for an attachment that is no more: without a netns its DEL ends before
 * that, and the next container of that name would be given back what this one had.
 *
 * @see plugins/meta/tuning/tuning.go of the CNI plugins
 */
export function removeTuningBackups({ conflist, ifName }: Attachment, container: string): void {
  for (const { type, dataDir } of conflist.plugins) {
    if (type !== 'tuning') continue;
    const dir = typeof dataDir === 'string' && dataDir !== '' ? dataDir : BACKUP_DIR;
    rmSync(join(dir, `${container}_${ifName}.json`), { force: true });
  }
}
