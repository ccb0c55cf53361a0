import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { libc } from './libc.ts';
import { step } from './step.ts';

/** Tables of the old kind, as `iptables-legacy` keeps them; they are changed without an event. */
export interface LegacyTables {
  /** A hash of every rule of every such table, without counters; `''` when there are none. */
  readonly fingerprint: string;
  /** Whether the kernel can have such tables at all. */
  readonly supported: boolean;
}

const AF_INET = 2;
const AF_INET6 = 10;
const SOCK_RAW = 3;
const SOCK_CLOEXEC = 0x8_0000;
const IPPROTO_RAW = 255;
const SO_GET_INFO = 64;
const SO_GET_ENTRIES = 65;
const NAME_BYTES = 32;

// struct ipt_getinfo: name, valid_hooks, hook_entry[5], underflow[5], num_entries, size.
const INFO_BYTES = NAME_BYTES + 13 * 4;
const INFO_HOOKS_AT = NAME_BYTES;
const INFO_ENTRIES_AT = NAME_BYTES + 11 * 4;
const INFO_SIZE_AT = NAME_BYTES + 12 * 4;
// struct ipt_get_entries: name, size, padding, entries.
const ENTRIES_AT = NAME_BYTES + 8;

interface LegacyFamily {
  readonly names: string;
  readonly domain: number;
  /** Level of the socket option. */
  readonly level: number;
  /** Where struct ipt_entry has `target_offset` and `next_offset`, and its counters. */
  readonly nextAt: number;
  readonly countersAt: number;
}

const FAMILIES: readonly LegacyFamily[] = [
  {
    names: '/proc/thread-self/net/ip_tables_names',
    domain: AF_INET,
    level: 0,
    nextAt: 90,
    countersAt: 96
  },
  {
    names: '/proc/thread-self/net/ip6_tables_names',
    domain: AF_INET6,
    level: 41,
    nextAt: 142,
    countersAt: 152
  }
];

/**
 * Looks at the legacy tables of the calling thread's netns: two small reads when there are none.
 *
 * @throws {@link StepError} an errno's name
 */
export function legacyTables(): LegacyTables {
  const families = FAMILIES.map((family) => ({ family, tables: namesIn(family.names) }));
  const hash = createHash('sha256');
  let isEmpty = true;
  for (const { family, tables } of families) {
    if (tables === undefined || tables.length === 0) continue;
    isEmpty = false;
    withSocket(family.domain, (fd) => {
      for (const table of tables) hash.update(table).update(entriesOf(fd, family, table));
    });
  }
  return {
    fingerprint: isEmpty ? '' : hash.digest('hex'),
    supported: families.some(({ tables }) => tables !== undefined)
  };
}

/**
 * Whether a table of the old kind in the calling thread's netns holds any rule or chain; one that
 * somebody has looked at stays there, empty.
 *
 * @throws {@link StepError} an errno's name
 */
export function hasLegacyRules(family: 4 | 6, table: string): boolean {
  const legacy = FAMILIES[family === 4 ? 0 : 1]!;
  if (!namesIn(legacy.names)?.includes(table)) return false;
  return withSocket(legacy.domain, (fd) => {
    const info = infoOf(fd, legacy, table);
    const hooks = info.readUInt32LE(INFO_HOOKS_AT).toString(2).replaceAll('0', '').length;
    // The policy of each hook, and the end.
    return info.readUInt32LE(INFO_ENTRIES_AT) > hooks + 1;
  });
}

function namesIn(path: string): readonly string[] | undefined {
  if (!existsSync(path)) return undefined;
  try {
    return readFileSync(path, 'latin1')
      .split('\n')
      .filter((name) => name !== '')
      .sort();
  } catch (error) {
    if ((error as { code?: unknown }).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** The rules as the kernel gives them, counters cleared. */
function entriesOf(fd: number, family: LegacyFamily, table: string): Buffer {
  return step(`read the legacy table ${table}`, () => {
    const size = infoOf(fd, family, table).readUInt32LE(INFO_SIZE_AT);
    const entries = Buffer.alloc(ENTRIES_AT + size);
    entries.write(table, 'latin1');
    entries.writeUInt32LE(size, NAME_BYTES);
    libc('getsockopt', fd, family.level, SO_GET_ENTRIES, entries, int(entries.length));
    return withoutCounters(entries.subarray(ENTRIES_AT), family);
  });
}

function infoOf(fd: number, { level }: LegacyFamily, table: string): Buffer {
  return step(`look at the legacy table ${table}`, () => {
    const info = Buffer.alloc(INFO_BYTES);
    info.write(table, 'latin1');
    libc('getsockopt', fd, level, SO_GET_INFO, info, int(info.length));
    return info;
  });
}

function withoutCounters(entries: Buffer, { nextAt, countersAt }: LegacyFamily): Buffer {
  for (let at = 0; at + countersAt + 16 <= entries.length;) {
    entries.fill(0, at + countersAt, at + countersAt + 16);
    const next = entries.readUInt16LE(at + nextAt);
    if (next === 0) break;
    at += next;
  }
  return entries;
}

function withSocket<Result>(domain: number, use: (fd: number) => Result): Result {
  const fd = step('open a raw socket', () =>
    libc('socket', domain, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW)
  );
  try {
    return use(fd);
  } finally {
    libc('close', fd);
  }
}

function int(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32LE(value);
  return bytes;
}
