import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import { withoutEmptyTables, withoutVolatile } from './normalise.ts';
import type { Ran, RunOptions } from './process.ts';

/** What a host holds, by kind; each entry a line, sorted where the kernel promises no order. */
export type HostState = Readonly<Record<Section, readonly string[]>>;

export type Section =
  | 'links and addresses'
  | 'routes'
  | 'iptables'
  | 'ip6tables'
  | 'nftables'
  | 'files in /run'
  | 'netns mounts'
  | 'conflists'
  | 'CNI files'
  | 'mooring files'
  | 'processes'
  | 'listening sockets';

export async function readHostState(
  run: (argv: readonly string[], options?: RunOptions) => Promise<Ran>
): Promise<HostState> {
  const { code, stdout, stderr } = await run([
    'sh',
    '-eu',
    '-c',
    COMMANDS.join('\necho "$mark"\n')
  ]);
  if (code !== 0) throw new Error(`the state could not be read: ${stderr}`);
  const [shell, ...parts] = stdout.split(`${MARK}\n`);
  const part = (index: number) => parts[index] ?? '';
  return {
    'links and addresses': json(part(0)),
    routes: [...json(part(1)), ...json(part(2))].sort(),
    iptables: tables(part(3)),
    ip6tables: tables(part(4)),
    nftables: withoutEmptyTables(JSON.parse(part(5))).map((entry) => JSON.stringify(entry)),
    'files in /run': lines(part(6)),
    'netns mounts': lines(part(7)),
    conflists: lines(part(8)),
    'CNI files': lines(part(9)),
    'mooring files': lines(part(10)),
    processes: processes(part(11), Number(shell)),
    'listening sockets': lines(part(12)).map(socket).sort()
  };
}

/** @returns a line for each entry that came (`+`) or went (`-`), under its section */
export function differences<State extends Readonly<Record<keyof State, readonly string[]>>>(
  before: State,
  after: State
): string[] {
  return (Object.keys(before) as (keyof State & string)[]).flatMap((section) => {
    const gone = without(before[section], after[section]).map((entry) => `${section}: - ${entry}`);
    const come = without(after[section], before[section]).map((entry) => `${section}: + ${entry}`);
    return [...gone, ...come];
  });
}

/** Fails with each {@link differences difference} on a line of its own. */
export function expectUnchanged(before: HostState, after: HostState): void {
  expect(differences(before, after)).toEqual([]);
}

const MARK = '----- mooring snapshot -----';

// Allocator cursors, locks, and what a store keeps on purpose: history, caches and its own marks.
const LOCKS = String.raw`! -name lock ! -name 'last_reserved_ip.*'`;
const KEPT = String.raw`! -path '*/history/*' ! -path '*plugin-versions*' ! -name format ! -name token`;
// Made at first use and kept; what the allocations list is shown in place of their files.
const EMPTIED = [
  "'/var/lib/mooring/plugins.lock*'",
  "'/var/lib/mooring/usage.lock*'",
  "'/var/lib/mooring/first-add.lock*'",
  "'/var/lib/mooring/networks.lock*'",
  "'/var/lib/mooring/names.lock*'",
  "'/var/lib/mooring/agent.lock'",
  "'/var/lib/mooring/supervisor.lock'",
  "'*/allocations/*.jsonl'",
  "'*/allocations/*.lock'"
]
  .map((path) => `! -path ${path}`)
  .join(' ');
const ALLOCATED = `'${process.execPath}' '${fileURLToPath(new URL('allocated.mjs', import.meta.url))}' /var/lib/mooring/allocations`;

const COMMANDS = [
  `mark='${MARK}'; echo $$`,
  'ip -j addr',
  'ip -4 -j route show table all',
  'ip -6 -j route show table all',
  'iptables-save',
  'ip6tables-save',
  'nft -j list ruleset',
  `find /run ! -type d ! -name xtables.lock -printf '%p %M %l\\n' | sort`,
  `awk '$3 == "nsfs" { print $2 }' /proc/mounts | sort`,
  `find /etc/cni -type f -exec cksum {} + | sort -k 3`,
  `find /var/lib/cni ! -type d ${LOCKS} -printf '%p %s\\n' | sort`,
  `find /var/lib/mooring ! -type d ${KEPT} ${EMPTIED} -printf '%p\\n' | sort; ${ALLOCATED}`,
  'ps -eo pid=,ppid=,stat=,args=',
  'ss -lntupxH'
];

function json(text: string): string[] {
  const entries = text.trim() === '' ? [] : (JSON.parse(text) as unknown[]);
  return entries.map((entry) => JSON.stringify(withoutVolatile(entry))).sort();
}

function lines(text: string): string[] {
  return text.split('\n').filter((line) => line !== '');
}

// A table that only holds the kernel's own chains appears as soon as anyone looks.
function tables(saved: string): string[] {
  return saved.split(/^(?=\*)/m).flatMap((table) => {
    const entries = lines(table)
      .filter((line) => !line.startsWith('#') && line !== 'COMMIT')
      .map((line) => line.replace(/ \[\d+:\d+\]$/, ''));
    const [name, ...rest] = entries;
    const isEmpty = rest.every((line) => /^:[A-Z]+ ACCEPT$/.test(line));
    return isEmpty ? [] : rest.map((line) => `${name!} ${line}`);
  });
}

// Without the sandbox's own two, the shell that asks and its children, and what has ended.
function processes(text: string, shell: number): string[] {
  const all = lines(text).map((line) => {
    const [pid, parent, stat, ...args] = line.trim().split(/\s+/);
    return { pid: Number(pid), parent: Number(parent), stat: stat!, args: args.join(' ') };
  });
  return all
    .filter(({ pid, parent, stat, args }) => {
      const isInit = pid === 1 || (parent === 1 && args === 'sleep infinity');
      return !isInit && pid !== shell && parent !== shell && !stat.startsWith('Z');
    })
    .map(({ args }) => args)
    .sort();
}

function socket(line: string): string {
  const [protocol, state, , , local, ...peer] = line.trim().split(/\s+/);
  const holders = peer.join(' ').match(/"[^"]+"/g) ?? [];
  return [protocol, state, local, ...holders].join(' ');
}

function without(some: readonly string[], others: readonly string[]): string[] {
  const left = [...others];
  return some.filter((entry) => {
    const index = left.indexOf(entry);
    if (index >= 0) left.splice(index, 1);
    return index < 0;
  });
}
