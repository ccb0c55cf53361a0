import type { ExpectedChain, ExpectedRule, ExpectedRules, Place } from './expected.ts';
import type { Rule, RuleTable } from './iptables.ts';
import { longestRise } from './longest-rise.ts';
import { ruleKey, ruleText } from './same-rule.ts';

/** A chain that is not there, or a rule that isn't where it belongs. */
export type Missing =
  | { readonly kind: 'chain'; readonly chain: ExpectedChain }
  | { readonly kind: 'rule'; readonly rule: ExpectedRule; readonly misplaced: boolean }
  /** A chain of somebody's that a rule leads to. */
  | { readonly kind: 'foreign'; readonly rule: ExpectedRule; readonly chain: string };

/** A table as it would be after the changes so far. */
export interface Draft {
  /** What one attachment lacks in this table; the draft has it from then on. */
  complete(expected: ExpectedRules): readonly Missing[];
  /** Changes for `iptables-restore`, in order. */
  commands(): readonly string[];
}

/**
 * Works out what is missing in one table, and the fewest changes that put it there.
 *
 * Rules of others are never named by a change, except as what a rule is put in front of.
 */
export function draftOf(table: RuleTable, place: Place): Draft {
  const chains = new Map<string, Entry[]>();
  const standing = new Set(table.chains);
  const made: string[] = [];
  const changes: string[] = [];

  const entriesOf = (chain: string): Entry[] => {
    const known = chains.get(chain);
    if (known !== undefined) return known;
    const entries = rulesIn(table, chain).map((rule) => ({ key: keyOf(rule), spec: rule.spec }));
    chains.set(chain, entries);
    return entries;
  };
  const put = (rule: ExpectedRule, index: number) => {
    const entries = entriesOf(rule.chain);
    const spec = ruleText(rule.words);
    // A rule that was put in by the same restore can't be inserted before, but at the first place.
    const command = index >= entries.length ? `-A ${rule.chain}` : `-I ${rule.chain} ${index + 1}`;
    changes.push(`${command} ${spec}`);
    entries.splice(index, 0, { key: keyOf(rule), spec });
  };
  const take = (chain: string, index: number) => {
    const [entry] = entriesOf(chain).splice(index, 1);
    changes.push(`-D ${chain} ${entry!.spec}`);
  };

  return {
    complete(expected) {
      const wanted = expected.chains.filter((chain) => isAt(chain, place));
      const absent = wanted.filter(({ chain }) => !standing.has(chain) && standing.add(chain));
      made.push(...absent.map(({ chain }) => `-N ${chain}`));
      const rules = expected.rules.filter((rule) => isAt(rule, place));
      const foreign = rules.flatMap((rule) => foreignTarget(rule, wanted, standing));
      const ours = rules.filter((rule) => foreign.every((other) => other.rule !== rule));
      const missing = [...byChain(ours)].flatMap(([chain, sequence]) => {
        const isOwned = wanted.some((one) => one.chain === chain && one.owned);
        const line = { entries: entriesOf(chain), put, take };
        return isOwned ? lineUp(sequence, line) : fitIn(sequence, line);
      });
      return [
        ...absent.map((chain) => ({ kind: 'chain', chain }) as const),
        ...missing,
        ...foreign
      ];
    },
    commands: () => [...made, ...changes]
  };
}

interface Entry {
  readonly key: string;
  readonly spec: string;
}

interface Line {
  readonly entries: readonly Entry[];
  readonly put: (rule: ExpectedRule, index: number) => void;
  readonly take: (chain: string, index: number) => void;
}

/** In a chain of the attachment's own, each rule stands somewhere after the one before it. */
function lineUp(sequence: readonly ExpectedRule[], { entries, put, take }: Line): Missing[] {
  const places = sequence.map((rule) => indexOf(entries, rule));
  const kept = longestRise(places);
  const misplaced = sequence.filter((_, at) => places[at] !== -1 && !kept.has(at));
  for (const rule of misplaced) take(rule.chain, indexOf(entries, rule));
  let next = 0;
  return sequence.flatMap((rule, at) => {
    if (kept.has(at)) {
      next = indexOf(entries, rule) + 1;
      return [];
    }
    put(rule, next);
    next += 1;
    return [{ kind: 'rule', rule, misplaced: misplaced.includes(rule) }];
  });
}

/** In a chain that is shared, some rules stand before all others of ours; the rest is appended. */
function fitIn(sequence: readonly ExpectedRule[], { entries, put, take }: Line): Missing[] {
  const missing: Missing[] = [];
  const ordered = [
    ...sequence.filter(({ at }) => at === 'first'),
    ...sequence.filter(({ at }) => at === 'last')
  ];
  let next = 0;
  ordered.forEach((rule, place) => {
    const found = indexOf(entries, rule);
    const isFirst = rule.at === 'first';
    const misplaced = isFirst && ordered.slice(place + 1).some(precedes(entries, found));
    if (misplaced) take(rule.chain, found);
    if (found === -1 || misplaced) {
      put(rule, isFirst ? next : entries.length);
      missing.push({ kind: 'rule', rule, misplaced });
    }
    if (isFirst) next = indexOf(entries, rule) + 1;
  });
  return missing;
}

function precedes(entries: readonly Entry[], place: number): (rule: ExpectedRule) => boolean {
  return (rule) => {
    const index = indexOf(entries, rule);
    return index !== -1 && index < place;
  };
}

/** Whether a rule is there, in any order. */
export function holdsRule(table: RuleTable, expected: ExpectedRule): boolean {
  const key = keyOf(expected);
  return rulesIn(table, expected.chain).some((rule) => keyOf(rule) === key);
}

export function rulesIn(table: RuleTable, chain: string): readonly Rule[] {
  let index = byTable.get(table);
  if (index === undefined) byTable.set(table, (index = byChain(table.rules)));
  return index.get(chain) ?? [];
}

// Many containers look at one dump: it is indexed once, and each rule is read once.
const byTable = new WeakMap<RuleTable, Map<string, Rule[]>>();
const keys = new WeakMap<WithWords, string>();

type WithWords = Pick<Rule, 'words'>;

function keyOf(rule: WithWords): string {
  let key = keys.get(rule);
  if (key === undefined) keys.set(rule, (key = ruleKey(rule.words)));
  return key;
}

function foreignTarget(
  rule: ExpectedRule,
  wanted: readonly ExpectedChain[],
  standing: ReadonlySet<string>
): Foreign[] {
  const target = rule.words[rule.words.indexOf('-j') + 1]!;
  const isChain = !TARGETS.includes(target) && wanted.every(({ chain }) => chain !== target);
  if (!isChain || standing.has(target)) return [];
  return [{ kind: 'foreign', rule, chain: target }];
}

type Foreign = Extract<Missing, { readonly kind: 'foreign' }>;

const TARGETS = ['ACCEPT', 'DROP', 'RETURN', 'MASQUERADE', 'DNAT', 'MARK'];

function indexOf(entries: readonly Entry[], rule: ExpectedRule): number {
  const key = keyOf(rule);
  return entries.findIndex((entry) => entry.key === key);
}

function isAt({ tool, table }: Place, place: Place): boolean {
  return tool === place.tool && table === place.table;
}

function byChain<One extends { readonly chain: string }>(all: readonly One[]): Map<string, One[]> {
  const chains = new Map<string, One[]>();
  for (const one of all) {
    const some = chains.get(one.chain);
    if (some === undefined) chains.set(one.chain, [one]);
    else some.push(one);
  }
  return chains;
}
