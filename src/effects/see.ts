import { readFileSync, statSync } from 'node:fs';
import type { Netns } from '../model/container.ts';
import { failureOf } from '../model/failure.ts';
import type { SeenHost, SeenLink, SeenNetns, SeenProcess } from '../model/seen.ts';
import type { NetnsThread } from '../syscalls/netns-thread.ts';
import { identityOf } from '../syscalls/nsfs.ts';
import type { ObservedNetwork } from '../syscalls/observe.ts';
import { allPids, filterPids } from './process/proc.ts';

/** A container whose netns is looked into. */
export interface Sought {
  readonly id: string;
  readonly netns: Netns | null;
}

const HOST_NETNS = '/proc/self/ns/net';

/**
 * What the kernel holds now; nothing is changed, and what can't be looked into says why.
 *
 * @param root state directory of the Mooring whose processes are told
 */
export async function seeHost(
  thread: Pick<NetnsThread, 'observe'>,
  containers: readonly Sought[],
  root: string
): Promise<SeenHost> {
  const own = identityOf(statSync(HOST_NETNS, { bigint: true }));
  const { links } = seenIn(await thread.observe(HOST_NETNS, own));
  const netns: Record<string, SeenNetns> = Object.create(null) as Record<string, SeenNetns>;
  for (const { id, netns: at } of containers) {
    if (at !== null) netns[id] = await seeNetns(thread, at, id);
  }
  return { at: Date.now(), links, netns, processes: await ownProcesses(root) };
}

async function seeNetns(
  thread: Pick<NetnsThread, 'observe'>,
  netns: Netns,
  id: string
): Promise<SeenNetns> {
  try {
    return { ...seenIn(await thread.observe(netns.path, netns)), failure: null };
  } catch (error) {
    const failure = failureOf(error, 'netns', `looking into the netns of ${id}`);
    return { links: [], routes: [], failure };
  }
}

function seenIn({ links, addresses, routes }: ObservedNetwork): Omit<SeenNetns, 'failure'> {
  const nameOf = (index: number) => links.find((link) => link.index === index)?.name ?? '';
  return {
    links: links.map((link) => ({ ...linkOf(link), addresses: addressesOf(link.index) })),
    routes: routes.map(({ destination, gateway, index }) => ({
      ...{ destination, gateway },
      link: nameOf(index)
    }))
  };

  function addressesOf(index: number): readonly string[] {
    return addresses.filter((one) => one.index === index).map(({ address }) => address);
  }
}

function linkOf(link: ObservedNetwork['links'][number]): Omit<SeenLink, 'addresses'> {
  const { index, name, kind, mac, mtuBytes, up, master, peer } = link;
  return { index, name, kind, mac, mtuBytes, up, master, peer };
}

// Those that outlive a command are marked with the root and whom they are for.
async function ownProcesses(root: string): Promise<readonly SeenProcess[]> {
  const found: SeenProcess[] = [];
  await filterPids(allPids(), (pid) => {
    const mark = markIn(textOf(`/proc/${pid}/environ`), root);
    if (mark === undefined) return false;
    const title = textOf(`/proc/${pid}/cmdline`).replaceAll('\0', ' ').trim();
    found.push({ pid, title, ...mark });
    return true;
  });
  return found;
}

function markIn(environ: string, root: string): Pick<SeenProcess, 'purpose' | 'owner'> | undefined {
  for (const entry of environ.split('\0')) {
    const [, name, value = ''] = /^MOORING_([A-Z]+)=(.*)$/s.exec(entry) ?? [];
    if (name === undefined || name === 'ROOT' || !value.startsWith(`${root}:`)) continue;
    return { purpose: name.toLowerCase(), owner: value.slice(root.length + 1) };
  }
  return undefined;
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    // It has ended, or is not ours to look at.
    return '';
  }
}
