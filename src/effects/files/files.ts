import { existsSync, lstatSync, rmdirSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import type { ContainerFiles } from '../../model/container.ts';
import type { Sharer } from '../../model/hosts-file.ts';
import { failureOf } from '../../model/failure.ts';
import { parseContainerId } from '../../model/names.ts';
import type { EffectContext, Effects } from '../effects.ts';
import type { NameServer } from '../names/aardvark.ts';
import { prepareFolder, requireFolder } from './folder.ts';
import { readHostFile, type HostPaths } from './host-files.ts';
import { renderFiles, type FilesSubject, type RenderedFiles } from './render.ts';
import { publishedOf, throughServer } from './served.ts';
import { writeInPlace } from './write-in-place.ts';

export interface FilesOptions {
  /** `<root>/files`; below it each container has a directory of its id. */
  readonly dir: string;
  readonly paths: HostPaths;
  /** The same for a container that is not on networks of ours, where that makes a difference. */
  readonly outerPaths?: HostPaths;
  /** Serves the networks that ask for it, where it is installed. */
  readonly names: NameServer;
  /** The containers that share a container's netns now. */
  readonly sharersOf: (container: string) => Promise<readonly Sharer[]>;
}

/** The files of containers, for engines to bind-mount. */
export interface FilesOfContainers {
  readonly effects: Pick<Effects, 'files.write'>;
  /**
   * Removes a container's files, and nothing else that may lie beside them.
   *
   * @throws MooringError `files.badDirectory`; the error of the file system
   */
  remove(container: string): Promise<void>;
  /** Whether a container's files no longer say what they would if they were written now. */
  areStale(subject: FilesSubject): boolean;
}

/**
 * Renders `resolv.conf` and `hosts` of a container into `<dir>/<container>/`.
 *
 * The files are 0644, as any user of the container reads them; the directories 0700, as a bind
 * mount needs no path. Written again, a file keeps its inode, and one that is right already is
 * not touched. A container that shares another's netns is given that one's files, which have
 * its names as well.
 *
 * Where a network asks for a name server, the container is made known to it before.
 *
 * Failures: `dns.serverFailed`, `files.badFile`, `files.badDirectory`, `files.badSource`, `hosts.noFile`,
 * `hosts.noGateway`, or an errno's name, `files.ENOSPC`.
 */
export function containerFiles(options: FilesOptions): FilesOfContainers {
  const { dir, names, sharersOf } = options;
  return {
    effects: {
      'files.write': async ({ container, ...given }, context) => {
        try {
          const subject = { sharers: await sharersOf(container), ...given };
          await publish(container, subject, context);
          const files = write(container, served(subject));
          return { type: 'files.written', container, files };
        } catch (error) {
          const failure = failureOf(error, 'files', `write the files of ${container}`);
          return { type: 'files.writeFailed', container, failure };
        }
      }
    },
    remove: async (container) => {
      remove(container);
      await names.withdraw(container);
    },
    areStale: (given) => {
      const subject = served(given);
      const { spec } = subject;
      if (spec.namespace?.kind === 'container') return false;
      const [files, wanted] = [filesOf(spec.id), wantedOf(subject)];
      return KINDS.some((kind) => wanted[kind] !== (readHostFile(files[kind]) ?? null));
    }
  };

  // Before the files name the server, it knows the container.
  async function publish(
    container: string,
    subject: FilesSubject,
    context: EffectContext
  ): Promise<void> {
    const known = names.isInstalled ? publishedOf(container, subject) : NOWHERE;
    await names.publish({ container, ...known }, context);
  }

  function served(subject: FilesSubject): FilesSubject {
    return names.isInstalled ? throughServer(subject) : subject;
  }

  function write(container: string, subject: FilesSubject): ContainerFiles {
    const { namespace } = subject.spec;
    if (namespace?.kind === 'container') return standing(filesOf(namespace.container));
    const [files, wanted] = [filesOf(container), wantedOf(subject)];
    if (KINDS.some((kind) => wanted[kind] !== null)) prepare(container);
    for (const kind of KINDS) {
      const text = wanted[kind];
      if (text !== null) writeInPlace(files[kind], text);
    }
    return {
      resolvConf: wanted.resolvConf === null ? null : files.resolvConf,
      hosts: wanted.hosts === null ? null : files.hosts
    };
  }

  // In a netns with the loopback alone nobody can be asked; one that is mounted is kept right.
  function wantedOf(subject: FilesSubject): RenderedFiles {
    const { id, namespace } = subject.spec;
    const isOuter = subject.spec.uplink !== undefined || namespace?.kind === 'host';
    const paths = (isOuter ? options.outerPaths : undefined) ?? options.paths;
    const rendered = renderFiles(subject, paths);
    const attaches = namespace === undefined || namespace.kind === 'process';
    const isNone = attaches && !subject.uplink && subject.attachments.length === 0;
    if (!isNone || existsSync(filesOf(id).resolvConf)) return rendered;
    return { ...rendered, resolvConf: null };
  }

  function filesOf(container: string): PathsOfFiles {
    const folder = join(dir, parseContainerId(container));
    return { resolvConf: join(folder, 'resolv.conf'), hosts: join(folder, 'hosts') };
  }

  function prepare(container: string): void {
    const above = lstatSync(dir, { throwIfNoEntry: false });
    if (above === undefined) prepareFolder(dir);
    else requireFolder(dir, above);
    prepareFolder(join(dir, container));
  }

  function remove(container: string): void {
    const folder = join(dir, parseContainerId(container));
    const stat = lstatSync(folder, { throwIfNoEntry: false });
    if (stat === undefined) return;
    requireFolder(folder, stat);
    for (const path of Object.values(filesOf(container))) ifThere(() => unlinkSync(path));
    // Something else in it is somebody else's.
    ifThere(() => rmdirSync(folder), 'ENOTEMPTY');
  }
}

type PathsOfFiles = { readonly [Kind in keyof ContainerFiles]: string };

const KINDS = ['resolvConf', 'hosts'] as const;

const NOWHERE = { networks: [], asks: [] };

function standing({ resolvConf, hosts }: PathsOfFiles): ContainerFiles {
  return {
    resolvConf: existsSync(resolvConf) ? resolvConf : null,
    hosts: existsSync(hosts) ? hosts : null
  };
}

function ifThere(remove: () => void, ...expected: readonly string[]): void {
  try {
    remove();
  } catch (error) {
    const { code } = error as { code?: unknown };
    if (code !== 'ENOENT' && !expected.includes(String(code))) throw error;
  }
}
