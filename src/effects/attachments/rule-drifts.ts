import type { Drift } from '../../model/drift.ts';
import type { Missing } from '../firewall/arrange.ts';
import type { RuleDrift } from '../firewall/repair.ts';
import { ruleText } from '../firewall/same-rule.ts';

/** What is missing in the firewall, in words; of a chain that is gone its rules are not told. */
export function ruleDrifts(found: readonly RuleDrift[]): readonly Drift[] {
  return found.flatMap(({ network, missing }) => {
    const gone = missing.flatMap((one) => (one.kind === 'chain' ? [one.chain] : []));
    const told = missing.filter(
      (one) =>
        one.kind === 'chain' ||
        !gone.some(({ chain, tool }) => one.rule.chain === chain && one.rule.tool === tool)
    );
    return told.map((one): Drift => ({ network, kind: 'rule', ...wordsOf(one) }));
  });
}

function wordsOf(missing: Missing): Pick<Drift, 'object' | 'text'> {
  if (missing.kind === 'chain') {
    const { chain, tool, table } = missing.chain;
    return { object: chain, text: `chain ${chain} (${tool}, ${table}) is gone` };
  }
  const { chain, tool, table, words } = missing.rule;
  const object = `${chain} ${ruleText(words)}`;
  const rule = `rule ${object} (${tool}, ${table})`;
  if (missing.kind === 'foreign') {
    const text = `chain ${missing.chain} (${tool}, ${table}), which is another's, is gone`;
    return { object: missing.chain, text };
  }
  return { object, text: `${rule} ${missing.misplaced ? 'is out of order' : 'is gone'}` };
}
