import { spawnSync } from 'node:child_process';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { MooringError } from '../model/failure.ts';
import type { PrivateHost } from '../model/private-host.ts';
import { HOST_NETNS, RESOLV_CONF } from './mount-plan.ts';
import { mountPrivately } from './mounts.ts';
import { outerPath } from './outer.ts';
import { RECORD_PATH } from './place.ts';

/**
 * Makes a private host of the user and mount namespaces this process is in: its mounts, its
 * network namespace, and last its record, which says that it is whole.
 *
 * Nothing of it outlives the namespaces, so one whose building was cut short is given up with them.
 *
 * @throws StepError an errno's name; MooringError `rootless.resolvConf`, `rootless.noVar`,
 *   `rootless.netns`
 */
export function buildPrivateHost(host: PrivateHost): void {
  const { runDir, root, confDir } = host;
  mountPrivately(join(runDir, 'host'), [dirname(runDir), root, confDir]);
  writeFileSync(RESOLV_CONF, hostResolvConf());
  makeNetns();
  const draft = `${RECORD_PATH}.new`;
  writeFileSync(draft, `${JSON.stringify(host)}\n`);
  renameSync(draft, RECORD_PATH);
}

// A thread of this process could not come back: the host's netns is not the user's to enter.
function makeNetns(): void {
  const args = [`--net=${HOST_NETNS}`, 'ip', 'link', 'set', 'lo', 'up'];
  const { status, error, stderr } = spawnSync('unshare', args, { cwd: '/', encoding: 'utf8' });
  if (status === 0) return;
  throw new MooringError(
    'rootless.netns',
    `making a network namespace: ${error?.message ?? stderr.trim()}`
  );
}

/** The host's resolv.conf as it is now; empty where there is none. */
export function hostResolvConf(): string {
  try {
    return readFileSync(outerPath('/etc/resolv.conf'), 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return '';
    throw error;
  }
}
