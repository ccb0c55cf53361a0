import { MooringError } from '../../model/failure.ts';
import type { EffectContext } from '../effects.ts';

/**
 * Runs a tool of the host, `ip` or `iptables-save`, to its end.
 *
 * @returns `undefined` when it isn't installed
 * @throws when its output was cut short, or it was stopped
 */
export type RunTool = (
  name: string,
  args: readonly string[],
  options: ToolOptions
) => Promise<ToolExit | undefined>;

export interface ToolOptions extends Pick<EffectContext, 'operation' | 'signal'> {
  readonly stdin: string;
}

/** How a tool ended. */
export interface ToolExit {
  /** `undefined` when a signal ended it. */
  readonly exitCode: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

export type IpTables = 'iptables' | 'ip6tables';

export const FAMILIES: readonly IpTables[] = ['iptables', 'ip6tables'];

/** One table as `iptables-save` prints it. */
export interface RuleTable {
  /** Chains without a policy, those that somebody made. */
  readonly chains: ReadonlySet<string>;
  readonly rules: readonly Rule[];
}

export interface Rule {
  readonly chain: string;
  /** All that follows `-A CHAIN `, as it was printed. */
  readonly spec: string;
  /** The same, split into words, quotes taken off. */
  readonly words: readonly string[];
}

/**
 * @returns an empty table when the tool isn't installed: then no plugin used it either
 * @throws MooringError `firewall.saveFailed`
 */
export async function saveTable(
  run: RunTool,
  tool: IpTables,
  table: 'nat' | 'filter',
  { operation, signal }: Pick<EffectContext, 'operation' | 'signal'>
): Promise<RuleTable> {
  const exit = await run(`${tool}-save`, ['-t', table], { stdin: '', operation, signal });
  if (exit === undefined) return { chains: new Set(), rules: [] };
  if (exit.exitCode !== 0) throw failed('firewall.saveFailed', `${tool}-save -t ${table}`, exit);
  return parseTable(exit.stdout, table);
}

/**
 * Applies changes of one table as a whole or not at all.
 *
 * @param commands as iptables takes them, `-D POSTROUTING -j X`; none is no call
 * @throws MooringError `firewall.restoreFailed`
 */
export async function changeTable(
  run: RunTool,
  { tool, table }: { readonly tool: IpTables; readonly table: 'nat' | 'filter' },
  commands: readonly string[],
  { operation, signal }: Pick<EffectContext, 'operation' | 'signal'>
): Promise<void> {
  if (commands.length === 0) return;
  const stdin = [`*${table}`, ...commands, 'COMMIT', ''].join('\n');
  // Waits for the lock of the legacy variant; the nft one ignores it.
  const args = ['--noflush', '--wait', '5'];
  const exit = await run(`${tool}-restore`, args, { stdin, operation, signal });
  if (exit?.exitCode === 0) return;
  throw failed('firewall.restoreFailed', `${tool}-restore of table ${table}`, exit);
}

/**
 * Reads one table of `iptables-save`.
 *
 * @throws MooringError `firewall.saveFailed` when the text ends before the table does
 */
export function parseTable(text: string, table: string): RuleTable {
  const lines = text.split('\n');
  const start = lines.indexOf(`*${table}`);
  if (start === -1) return { chains: new Set(), rules: [] };
  const end = lines.indexOf('COMMIT', start);
  if (end === -1) {
    throw new MooringError('firewall.saveFailed', `the rules of table ${table} end in the middle`);
  }
  const body = lines.slice(start + 1, end);
  return {
    chains: new Set(body.flatMap((line) => /^:(\S+) - /.exec(line)?.[1] ?? [])),
    rules: body.filter((line) => line.startsWith('-A ')).map(parseRule)
  };
}

/** Value after an option, `jumpOf`: the word after `-j`. */
export function wordAfter({ words }: Rule, option: string): string | undefined {
  const index = words.indexOf(option);
  return index === -1 ? undefined : words[index + 1];
}

/** Whether a rule jumps or goes to a chain. */
export function leadsTo(rule: Rule, chain: string): boolean {
  return wordAfter(rule, '-j') === chain || wordAfter(rule, '-g') === chain;
}

function parseRule(line: string): Rule {
  const [, chain = '', spec = ''] = /^-A (\S+) ?(.*)$/.exec(line) ?? [];
  return { chain, spec, words: splitWords(spec) };
}

// Quotes and backslashes as iptables-save writes them around comments.
function splitWords(text: string): readonly string[] {
  return [...text.matchAll(/"((?:[^"\\]|\\.)*)"|(\S+)/g)].map(([, quoted, bare]) =>
    quoted === undefined ? bare! : quoted.replaceAll(/\\(.)/g, '$1')
  );
}

function failed(code: string, what: string, exit: ToolExit | undefined): MooringError {
  const answer =
    exit === undefined ? 'not installed' : exit.stderr.trim() || `exit ${exit.exitCode}`;
  return new MooringError(code, `${what}: ${answer.slice(0, 500)}`);
}
