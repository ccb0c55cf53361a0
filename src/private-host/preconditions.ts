import { accessSync, constants, readFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { MooringError } from '../model/failure.ts';

/** Something that a private host needs and this host lacks, with how to get it. */
export interface Lack {
  /** `rootless.noSubuids` */
  readonly code: string;
  /** What is missing, without the remedy. */
  readonly reason: string;
  /** A command line. */
  readonly remedy: string;
}

/** The files and directories that are looked at; absolute paths. */
export interface PreconditionPaths {
  /** `/etc`, with `subuid` and `subgid`. */
  readonly etc: string;
  /** `/proc/sys` */
  readonly sysctls: string;
  readonly toolDirs: readonly string[];
}

export const PRECONDITION_PATHS: PreconditionPaths = {
  etc: '/etc',
  sysctls: '/proc/sys',
  toolDirs: ['/usr/local/bin', '/usr/bin', '/bin', '/usr/sbin', '/sbin']
};

export interface User {
  readonly uid: number;
  /** `undefined` when the user has none. */
  readonly name: string | undefined;
}

/** What keeps a user from having a private host, the first that has to be put right first. */
export function lacks(user: User, paths: PreconditionPaths): readonly Lack[] {
  return [...lackingSysctls(paths), ...lackingTools(paths), ...lackingRanges(user, paths)];
}

/** A lack as the one line that a command ends with. */
export function lackError({ code, reason, remedy }: Lack): MooringError {
  return new MooringError(code, `${reason}; to put it right: ${remedy}`);
}

export function currentUser(): User {
  const uid = process.getuid!();
  try {
    return { uid, name: userInfo().username };
  } catch {
    // Not in the user database: a number is all it has.
    return { uid, name: undefined };
  }
}

const NEEDED_SYSCTLS = [
  { name: 'user.max_user_namespaces', refuses: '0', value: '15000' },
  { name: 'kernel.unprivileged_userns_clone', refuses: '0', value: '1' }
] as const;

function lackingSysctls(paths: PreconditionPaths): readonly Lack[] {
  return NEEDED_SYSCTLS.flatMap(({ name, refuses, value }) => {
    if (sysctl(paths, name) !== refuses) return [];
    const reason = `users may not make user namespaces: ${name} is ${refuses}`;
    return [
      { code: 'rootless.noUserNamespaces', reason, remedy: `sudo sysctl -w ${name}=${value}` }
    ];
  });
}

/**
 * Whether AppArmor keeps unconfined programs from making user namespaces. That it does so is no
 * lack by itself, as a profile may allow it; it is the likely reason when making one was refused.
 */
export function apparmorRestricts(paths: PreconditionPaths): boolean {
  return sysctl(paths, APPARMOR) === '1';
}

export const APPARMOR = 'kernel.apparmor_restrict_unprivileged_userns';

const TOOLS = [
  { tool: 'newuidmap', debianPackage: 'uidmap', code: 'rootless.noNewuidmap' },
  { tool: 'newgidmap', debianPackage: 'uidmap', code: 'rootless.noNewuidmap' },
  { tool: 'unshare', debianPackage: 'util-linux', code: 'rootless.noTool' },
  { tool: 'nsenter', debianPackage: 'util-linux', code: 'rootless.noTool' },
  { tool: 'setpriv', debianPackage: 'util-linux', code: 'rootless.noTool' }
] as const;

function lackingTools({ toolDirs }: PreconditionPaths): readonly Lack[] {
  const missing = TOOLS.filter(({ tool }) => !toolDirs.some((dir) => isProgram(join(dir, tool))));
  return missing.map(({ tool, debianPackage, code }) => ({
    code,
    reason: `${tool} is not in ${toolDirs.join(', ')}`,
    remedy: `sudo apt-get install ${debianPackage}`
  }));
}

const RANGES = [
  { file: 'subuid', what: 'user', option: '--add-subuids', code: 'rootless.noSubuids' },
  { file: 'subgid', what: 'group', option: '--add-subgids', code: 'rootless.noSubgids' }
] as const;

function lackingRanges(user: User, paths: PreconditionPaths): readonly Lack[] {
  // Then they come from somewhere else, and newuidmap knows.
  if (/^\s*subid:/m.test(textOf(join(paths.etc, 'nsswitch.conf')))) return [];
  const name = user.name ?? String(user.uid);
  return RANGES.flatMap(({ file, what, option, code }) => {
    const path = join(paths.etc, file);
    if (hasRange(textOf(path), user)) return [];
    const reason = `user ${name} has no range of subordinate ${what} ids in ${path}`;
    return [{ code, reason, remedy: `sudo usermod ${option} 100000-165535 ${name}` }];
  });
}

/** @see subuid(5) */
function hasRange(text: string, { uid, name }: User): boolean {
  return text.split('\n').some((line) => {
    const [owner, first, count] = line.trim().split(':');
    const isTheirs = owner === String(uid) || (owner !== undefined && owner === name);
    return isTheirs && /^\d+$/.test(first ?? '') && Number(count) > 0;
  });
}

function sysctl({ sysctls }: PreconditionPaths, name: string): string {
  return textOf(join(sysctls, name.replaceAll('.', '/'))).trim();
}

// One that is missing or can't be read says nothing.
function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
