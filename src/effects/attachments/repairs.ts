import { MooringError } from '../../model/failure.ts';
import type { Dumps } from '../firewall/dumps.ts';
import type { ExpectedRules } from '../firewall/expected.ts';
import { gathered, type Context } from '../firewall/gather.ts';
import type { RunTool } from '../firewall/iptables.ts';
import { expectedOf, missingRules, restoreRules, type Subject } from '../firewall/repair.ts';
import { prefixOf } from '../../model/cidr.ts';
import type { HostView } from './host-view.ts';
import { missingGateways, type Gateway } from './host-side.ts';
import { restoreLeases, type Taken } from './leases.ts';
import { missingSettings, switchOn } from './settings.ts';

/**
 * Works while nobody else changes what plugins share; beside a plugin that goes on and on all the
 * same: it may then write a shared rule a second time, which does no harm and goes with the last network.
 */
export type Exclusive = <Value>(work: () => Promise<Value>, signal: AbortSignal) => Promise<Value>;

export interface RepairDeps {
  readonly run: RunTool;
  readonly dumps: Dumps;
  readonly host: HostView;
  readonly exclusive: Exclusive;
}

/**
 * Puts back what containers lack, all that ask at once together.
 *
 * @returns `null`, or why something of this one stays missing; what went wrong with all of them
 *   is tried with each alone, so that nobody's rules keep another's away
 */
export function repairs(
  deps: RepairDeps
): (subject: Subject, context: Context) => Promise<unknown> {
  return gathered(async (subjects, context) => {
    try {
      return await repairAll(deps, subjects, context);
    } catch (error) {
      if (subjects.length === 1 || context.signal.aborted) return subjects.map(() => error);
      return oneByOne(deps, subjects, context);
    }
  });
}

async function oneByOne(
  deps: RepairDeps,
  subjects: readonly Subject[],
  context: Context
): Promise<readonly unknown[]> {
  const outcomes: unknown[] = [];
  for (const subject of subjects) {
    const [outcome] = await repairAll(deps, [subject], context).catch((error: unknown) => [error]);
    outcomes.push(outcome);
  }
  return outcomes;
}

async function repairAll(
  deps: RepairDeps,
  subjects: readonly Subject[],
  context: Context
): Promise<readonly (MooringError | null)[]> {
  const expected = await Promise.all(
    subjects.map((subject) => expectedOf(deps.dumps, subject, context))
  );
  const taken = subjects.map(({ container, attachments }) =>
    takenError(restoreLeases(attachments, container), container)
  );
  await repairHost(deps, subjects, expected, context);
  const missing = await Promise.all(
    subjects.map((subject, index) => missingRules(deps.dumps, subject, expected[index]!, context))
  );
  if (missing.every(({ length }) => length === 0)) return taken;
  const failures = await deps.exclusive(
    () => restoreRules(deps.run, deps.dumps, expected, context),
    context.signal
  );
  return failures.map((failure, index) => failure ?? taken[index]!);
}

function takenError(taken: Taken | undefined, container: string): MooringError | null {
  if (taken === undefined) return null;
  const { address, holder } = taken;
  return new MooringError(
    'address.taken',
    `address ${address} of ${container} has been leased to ${holder}: its own lease was gone`
  );
}

/** Addresses of bridges first: by them the host finds the link whose setting is wanted. */
async function repairHost(
  { run, host }: RepairDeps,
  subjects: readonly Subject[],
  expected: readonly (readonly ExpectedRules[])[],
  context: Context
): Promise<void> {
  const attachments = subjects.flatMap((subject) => subject.attachments);
  const before = await host(context);
  const gateways = attachments.flatMap((attachment) => missingGateways(attachment, before));
  await addGateways(run, gateways, context);
  const seen = gateways.length === 0 ? before : await host(context);
  const localnets = expected.flat().map(({ localnet }) => localnet);
  const settings = attachments.flatMap((attachment, index) =>
    missingSettings(attachment, localnets[index]!, seen)
  );
  for (const setting of new Set(settings)) switchOn(setting);
}

/** @throws MooringError `network.gatewayFailed` */
async function addGateways(
  run: RunTool,
  gateways: readonly Gateway[],
  { operation, signal }: Context
): Promise<void> {
  if (gateways.length === 0) return;
  const lines = gateways.map(({ link, address }) => {
    const isBroadcast = !address.includes(':') && prefixOf(address) < 31;
    return `address replace ${address}${isBroadcast ? ' brd +' : ''} dev ${link}\n`;
  });
  const stdin = [...new Set(lines)].join('');
  const exit = await run('ip', ['-batch', '-'], { stdin, operation, signal });
  if (exit?.exitCode === 0) return;
  const answer = exit === undefined ? 'ip is not installed' : exit.stderr.trim().slice(0, 500);
  throw new MooringError('network.gatewayFailed', `adding addresses of bridges: ${answer}`);
}
