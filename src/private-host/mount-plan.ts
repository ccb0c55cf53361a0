import { join } from 'node:path';
import { isBelow } from './resolv-target.ts';

/** One step of building the private host's view of files. */
export type MountStep =
  | { readonly step: 'tmpfs'; readonly target: string; readonly noexec?: true }
  /** With the mounts below the source. */
  | { readonly step: 'bind'; readonly source: string; readonly target: string }
  | { readonly step: 'detach'; readonly target: string }
  /** With those above it. */
  | { readonly step: 'directory'; readonly path: string; readonly mode: number }
  /** Empty, where there is none; with the directories above it. */
  | { readonly step: 'file'; readonly path: string }
  | { readonly step: 'link'; readonly path: string; readonly to: string };

/** What the host has, as far as the mounts depend on it. */
export interface MountFacts {
  /** Directory of ours that is to be covered while this goes on. */
  readonly workDir: string;
  /** Directories that must stay to be seen where they are below `/run`. */
  readonly kept: readonly string[];
  readonly hasSystemd: boolean;
  /** Where a resolv.conf can be mounted; `undefined` where there is no such file. */
  readonly resolvTarget: string | undefined;
  /** The directory of CNI, or the nearest above it that exists; empty for CNI's own. */
  readonly cni: { readonly directory: string; readonly entries: readonly DirectoryEntry[] };
}

export interface DirectoryEntry {
  readonly name: string;
  readonly kind: 'directory' | 'file' | { readonly linkTo: string };
}

export const CNI_DIR = '/var/lib/cni';
/** The resolv.conf of the private host, wherever the host's may be. */
export const RESOLV_CONF = '/run/mooring/resolv.conf';
/** The host's own `/etc` and `/run`, as they are at any time. */
export const OUTER_DIR = '/run/mooring/outer';
/** Its network namespace. */
export const HOST_NETNS = '/run/mooring/netns';

const READABLE = 0o755;
const PRIVATE = 0o700;
const RESOLVED_DIR = '/run/systemd/resolve';

/**
 * The mounts in the order that matters: everything is put together below the work directory, and
 * `/run` comes last, as it covers the work directory itself.
 *
 * Where systemd-resolved keeps its files a tmpfs goes first: the service replaces them, and a mount
 * upon a file goes with the file.
 */
export function mountPlan(facts: MountFacts): readonly MountStep[] {
  const inside = (path: string) => join(facts.workDir, path);
  return [
    { step: 'tmpfs', target: facts.workDir },
    { step: 'directory', path: inside('/run/netns'), mode: READABLE },
    { step: 'directory', path: inside(OUTER_DIR), mode: PRIVATE },
    { step: 'file', path: inside(RESOLV_CONF) },
    { step: 'file', path: inside(HOST_NETNS) },
    ...window('/etc', facts),
    ...window('/run', facts),
    ...facts.kept.filter((path) => isBelow(path, '/run')).flatMap((path) => keep(path, facts)),
    ...(facts.hasSystemd ? keep('/run/systemd', facts) : []),
    ...resolvSteps(facts),
    ...cniSteps(facts),
    { step: 'bind', source: inside('/run'), target: '/run' }
  ];
}

function window(path: string, { workDir }: MountFacts): readonly MountStep[] {
  const target = join(workDir, OUTER_DIR, path);
  return [
    { step: 'directory', path: target, mode: READABLE },
    { step: 'bind', source: path, target },
    ...withoutItself(path, target, workDir)
  ];
}

function keep(path: string, { workDir }: MountFacts): readonly MountStep[] {
  const target = join(workDir, path);
  return [
    { step: 'directory', path: target, mode: READABLE },
    { step: 'bind', source: path, target },
    ...withoutItself(path, target, workDir)
  ];
}

/** What holds the work directory was mounted with all that is being put together there. */
function withoutItself(source: string, target: string, workDir: string): readonly MountStep[] {
  if (!isBelow(workDir, source)) return [];
  return [{ step: 'detach', target: join(target, workDir.slice(source.length)) }];
}

function resolvSteps({ workDir, resolvTarget }: MountFacts): readonly MountStep[] {
  if (resolvTarget === undefined) return [];
  const source = join(workDir, RESOLV_CONF);
  if (!isBelow(resolvTarget, '/run')) return [{ step: 'bind', source, target: resolvTarget }];
  const target = join(workDir, resolvTarget);
  const resolvedDir = join(workDir, RESOLVED_DIR);
  return [
    ...(isBelow(resolvTarget, RESOLVED_DIR)
      ? [
          { step: 'directory', path: resolvedDir, mode: READABLE } as const,
          { step: 'tmpfs', target: resolvedDir, noexec: true } as const
        ]
      : []),
    { step: 'file', path: target },
    { step: 'bind', source, target }
  ];
}

/** Where CNI's directory is missing, the one above it is made anew, with all that it holds. */
function cniSteps({ workDir, cni: { directory, entries } }: MountFacts): readonly MountStep[] {
  const copy = join(workDir, 'cni');
  return [
    { step: 'directory', path: join(copy, CNI_DIR.slice(directory.length)), mode: READABLE },
    ...entries.flatMap(({ name, kind }): readonly MountStep[] => {
      const [source, target] = [join(directory, name), join(copy, name)];
      if (typeof kind === 'object') return [{ step: 'link', path: target, to: kind.linkTo }];
      const place: MountStep =
        kind === 'file'
          ? { step: 'file', path: target }
          : { step: 'directory', path: target, mode: READABLE };
      return [place, { step: 'bind', source, target }];
    }),
    { step: 'bind', source: copy, target: directory }
  ];
}
