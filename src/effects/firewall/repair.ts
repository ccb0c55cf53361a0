import type { Attachment } from '../../model/container.ts';
import { MooringError } from '../../model/failure.ts';
import { draftOf, type Missing } from './arrange.ts';
import { PLACES, type Dumps } from './dumps.ts';
import { asksFirewalld, expectedRules, type ExpectedRules, type Place } from './expected.ts';
import { type Context } from './gather.ts';
import {
  changeTables,
  FAMILIES,
  type IpTables,
  type RunTool,
  type TableChange
} from './iptables.ts';

/** A container whose rules are looked at. */
export interface Subject {
  readonly container: string;
  readonly attachments: readonly Attachment[];
}

/** What an attachment lacks in the firewall. */
export interface RuleDrift {
  readonly network: string;
  readonly missing: readonly Missing[];
}

/** What the plugins of each attachment make, in the order of attachments. */
export async function expectedOf(
  dumps: Dumps,
  { container, attachments }: Subject,
  context: Context
): Promise<readonly ExpectedRules[]> {
  const asks = attachments.some(asksFirewalld);
  const firewalld = asks && (await dumps.firewalldRuns(context));
  return attachments.map((attachment) => expectedRules(attachment, container, firewalld));
}

/** What is missing, by one dump of each table that is concerned. */
export async function missingRules(
  dumps: Dumps,
  { attachments }: Subject,
  expected: readonly ExpectedRules[],
  context: Context
): Promise<readonly RuleDrift[]> {
  const places = PLACES.filter((place) => concerns(expected, place));
  const perPlace = await Promise.all(
    places.map(async (place) => {
      const table = await dumps.table(place, context);
      const draft = draftOf(table, place);
      const drifts: RuleDrift[] = [];
      for (const [index, one] of expected.entries()) {
        const here = await dumps.unproven(table, at(one, place), context);
        drifts.push({ network: attachments[index]!.network, missing: draft.complete(here) });
      }
      return drifts;
    })
  );
  return perPlace.flat().filter(({ missing }) => missing.length > 0);
}

/**
 * Puts back what is missing of several containers, each family by one `iptables-restore`.
 *
 * @returns for each what stays missing, because a chain of somebody else's is gone
 * @throws MooringError `firewall.saveFailed`, `firewall.restoreFailed`: a table stays as it was
 */
export async function restoreRules(
  run: RunTool,
  dumps: Dumps,
  wanted: readonly (readonly ExpectedRules[])[],
  context: Context
): Promise<readonly (MooringError | null)[]> {
  const failures: (MooringError | null)[] = wanted.map(() => null);
  const changes: (TableChange & { readonly tool: IpTables })[] = [];
  for (const place of PLACES.filter((one) => concerns(wanted.flat(), one))) {
    const table = await dumps.table(place, context);
    const draft = draftOf(table, place);
    for (const [index, expected] of wanted.entries()) {
      for (const one of expected) {
        const here = await dumps.unproven(table, at(one, place), context);
        const foreign = draft.complete(here).find(({ kind }) => kind === 'foreign');
        failures[index] ??= foreign === undefined ? null : chainMissing(foreign, place);
      }
    }
    changes.push({ ...place, commands: draft.commands() });
  }
  for (const family of FAMILIES) {
    const here = changes.filter(({ tool }) => tool === family);
    await changeTables(run, family, here, context);
  }
  return failures;
}

function chainMissing(missing: Missing, { tool, table }: Place): MooringError {
  const chain = missing.kind === 'foreign' ? missing.chain : '';
  return new MooringError(
    'firewall.chainMissing',
    `chain ${chain} (${tool}, ${table}), which the rules lead to, is gone; it is not ours to make`
  );
}

function concerns(expected: readonly ExpectedRules[], place: Place): boolean {
  return expected.some(({ rules }) => rules.some((rule) => isAt(rule, place)));
}

function at(expected: ExpectedRules, place: Place): ExpectedRules {
  const { chains, rules } = expected;
  return {
    ...expected,
    chains: chains.filter((chain) => isAt(chain, place)),
    rules: rules.filter((rule) => isAt(rule, place))
  };
}

function isAt({ tool, table }: Place, place: Place): boolean {
  return tool === place.tool && table === place.table;
}
