import type { Command } from 'commander';
import type { Checked, Collected, Garbage, Mooring } from '../index.ts';
import { namedMissing } from './container.ts';
import { CliError, EXIT, usage, visible } from './errors.ts';
import { withMooring } from './open.ts';
import { formatOption } from './options.ts';
import { json } from './print.ts';
import type { Session } from './session.ts';

interface CheckOptions {
  readonly all?: true;
  readonly format: string;
}

interface GcOptions {
  readonly dryRun?: true;
  readonly format: string;
}

/** `check`, `gc` */
export function addUpkeepCommands(program: Command, session: Session): void {
  program
    .command('check')
    .description('ask plugins and kernel whether all is there that was made; 1 when it is not')
    .argument('[containers...]', 'ids of the containers')
    .option('-a, --all', 'every container that is up')
    .addOption(formatOption('text', 'json'))
    .action((ids: string[], options: CheckOptions, command: Command) =>
      check(session, command, ids, options)
    );

  program
    .command('gc')
    .description('remove what Mooring left and whose owner is gone, and print it')
    .option('--dry-run', 'print what would be removed, and change nothing')
    .addOption(formatOption('text', 'json'))
    .action((options: GcOptions, command: Command) => gc(session, command, options));
}

async function check(
  session: Session,
  command: Command,
  ids: readonly string[],
  { all, format }: CheckOptions
): Promise<void> {
  if (all && ids.length > 0) throw usage('give containers or --all, not both');
  if (!all && ids.length === 0) throw usage('name a container, or give --all');
  await withMooring(session, command, async ({ mooring }) => {
    const wanted = all ? await idsUp(mooring) : [...new Set(ids)];
    const ends = wanted.map((id) =>
      mooring.check(id).catch((error: unknown) => ({ id, error: namedMissing(error, id) }))
    );
    const checked: Checked[] = [];
    for (const one of await Promise.all(ends)) {
      if ('error' in one) session.fail(one.error);
      else checked.push(one);
    }
    if (format === 'json') session.print(json(checked));
    else for (const one of checked) for (const line of checkLines(one)) session.print(line);
    // As of a test: it has been looked at, and the answer is no.
    if (checked.some(({ findings }) => findings.length > 0)) session.exitWith(EXIT.notFound);
  });
}

async function idsUp(mooring: Pick<Mooring, 'list'>): Promise<readonly string[]> {
  const { containers } = await mooring.list();
  return containers
    .filter(({ state }) => state === 'up' || state === 'degraded')
    .map(({ id }) => id);
}

function checkLines({ id, findings, unchecked }: Checked): readonly string[] {
  const amiss = findings.map(({ text }) => `${id}: ${text}`);
  const unasked = unchecked.map(({ text }) => `${id}: not checked: ${text}`);
  const ok = findings.length === 0 ? [`${id}: ok`] : [];
  return [...amiss, ...unasked, ...ok].map(visible);
}

async function gc(
  session: Session,
  command: Command,
  { dryRun, format }: GcOptions
): Promise<void> {
  const collected: Collected = await withMooring(session, command, ({ mooring }) =>
    mooring.gc({ dryRun: dryRun ?? false })
  );
  if (format === 'json') session.print(json(collected));
  else for (const one of collected.removed) session.print(garbageText(one));
  for (const { failure, ...one } of collected.kept) {
    const line = `${garbageText(one)}: ${failure.message}`;
    if (!HARMLESS.has(failure.code)) session.fail(new CliError(failure.code, line));
    else if (format !== 'json') session.warn(line);
  }
}

/** Left alone on purpose; anything else is a removal that failed. */
const HARMLESS: ReadonlySet<string> = new Set(['gc.busy', 'gc.inUse', 'gc.unproven']);

function garbageText({ kind, owner, object }: Garbage): string {
  return visible(`${kind} ${object} of ${owner.replace('/', ' ')}`);
}
