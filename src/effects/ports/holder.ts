import { readdir, readFile, readlink } from 'node:fs/promises';
import type { PortMapping } from '../../model/container.ts';

const TCP_LISTEN = '0A';

/**
 * The process that has a host port open, as far as this user may see it.
 *
 * @returns `nginx (pid 4242)`, or `undefined` when it can't be told
 */
export async function portHolder({ protocol, hostPort }: PortMapping): Promise<string | undefined> {
  const tables = await Promise.all(
    [protocol, `${protocol}6`].map((table) => readText(`/proc/self/net/${table}`))
  );
  const inodes = new Set(
    tables.flatMap((table) => socketInodes(table, hostPort, protocol === 'tcp'))
  );
  if (inodes.size === 0) return undefined;
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    if (await holdsOne(pid, inodes)) {
      return `${(await readText(`/proc/${pid}/comm`)).trim()} (pid ${pid})`;
    }
  }
  return undefined;
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

async function holdsOne(pid: string, inodes: ReadonlySet<string>): Promise<boolean> {
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
