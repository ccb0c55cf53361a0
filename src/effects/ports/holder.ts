import { readdir, readFile, readlink } from 'node:fs/promises';
import type { PortMapping } from '../../model/container.ts';
import { allPids } from '../process/proc.ts';
import { keptFor } from './keeper.ts';

const TCP_LISTEN = '0A';

/**
 * Who has a host port open, as far as this user may see it.
 *
 * @returns `in use by another process: nginx (pid 4242)`, `published by container web of
 *   /srv/mooring` when it is kept for that by another Mooring
 */
export async function portHolder({ protocol, hostPort }: PortMapping): Promise<string> {
  const tables = await Promise.all(
    [protocol, `${protocol}6`].map((table) => readText(`/proc/self/net/${table}`))
  );
  const inodes = new Set(
    tables.flatMap((table) => socketInodes(table, hostPort, protocol === 'tcp'))
  );
  const pids = inodes.size === 0 ? [] : allPids();
  for (const pid of pids) {
    if (await holdsOne(pid, inodes)) return nameOf(pid);
  }
  return ANOTHER;
}

const ANOTHER = 'in use by another process';

async function nameOf(pid: number): Promise<string> {
  const owner = keptFor(await readText(`/proc/${pid}/environ`));
  if (owner !== undefined) return `published by container ${owner.container} of ${owner.root}`;
  return `${ANOTHER}: ${(await readText(`/proc/${pid}/comm`)).trim()} (pid ${pid})`;
}

/**
 * Inodes of the sockets bound to a port in `/proc/net/tcp` and its like.
 *
 * @see proc_pid_net(5), "tcp"
 */
export function socketInodes(table: string, port: number, listening: boolean): readonly string[] {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  return table
    .split('\n')
    .slice(1)
    .map((line) => line.trim().split(/\s+/))
    .filter(
      ([, local = '', , state]) => local.endsWith(suffix) && (!listening || state === TCP_LISTEN)
    )
    .flatMap((fields) => fields[9] ?? []);
}

async function holdsOne(pid: number, inodes: ReadonlySet<string>): Promise<boolean> {
  const dir = `/proc/${pid}/fd`;
  // It may have ended, or be another user's: then it isn't named.
  const descriptors = await readdir(dir).catch(() => []);
  const links = await Promise.all(
    descriptors.map((fd) => readlink(`${dir}/${fd}`).catch(() => ''))
  );
  return links.some((link) => inodes.has(/^socket:\[(\d+)\]$/.exec(link)?.[1] ?? ''));
}

async function readText(path: string): Promise<string> {
  return readFile(path, 'utf8').catch(() => '');
}
