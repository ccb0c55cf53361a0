import { accessSync, constants } from 'node:fs';
import type { Finding } from '../model/finding.ts';
import {
  APPARMOR,
  apparmorRestricts,
  lacks,
  type Lack,
  type PreconditionPaths,
  type User
} from './preconditions.ts';

/** slirp4netns and pasta open it for the netns they connect. */
export const TUN = '/dev/net/tun';

const NEEDS = [
  { need: 'user namespaces', codes: ['rootless.noUserNamespaces'], detail: 'users may make them' },
  { need: 'id mapping', codes: ['rootless.noNewuidmap'], detail: 'newuidmap and newgidmap' },
  { need: 'entering namespaces', codes: ['rootless.noTool'], detail: 'unshare, nsenter, setpriv' },
  {
    need: 'subordinate ids',
    codes: ['rootless.noSubuids', 'rootless.noSubgids'],
    detail: 'ranges of user and group ids'
  }
] as const;

/** What a user without root needs for a private host, always in the same order. */
export function privateHostFindings(
  user: User,
  paths: PreconditionPaths & { readonly tun: string }
): readonly Finding[] {
  const missing = lacks(user, paths);
  const restricted = apparmorRestricts(paths) ? `; ${APPARMOR} is 1, a profile must allow it` : '';
  return [
    ...NEEDS.map(({ need, codes, detail }) => {
      const lack = missing.find(({ code }) => (codes as readonly string[]).includes(code));
      const more = need === 'user namespaces' ? restricted : '';
      return lack === undefined
        ? { need, found: true, detail: `${detail}${more}`, required: true }
        : lacking(need, lack);
    }),
    tun(paths.tun)
  ];
}

function lacking(need: string, { reason, remedy }: Lack): Finding {
  return { need, found: false, detail: reason, remedy, required: true };
}

function tun(path: string): Finding {
  const need = 'tun device';
  try {
    accessSync(path, constants.R_OK | constants.W_OK);
    return { need, found: true, detail: path, required: true };
  } catch (error) {
    const detail = `${(error as Error).message}: nothing leads out of a private host`;
    const isMissing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    const remedy = isMissing ? 'sudo modprobe tun' : `sudo chmod 666 ${path}`;
    return { need, found: false, detail, remedy, required: true };
  }
}
