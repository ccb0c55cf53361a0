import type { Command } from 'commander';
import type { Finding, Recovered } from '../index.ts';
import { CliError, EXIT, visible } from './errors.ts';
import { narrated, withMooring } from './open.ts';
import { formatOption, mooringOptions, refuseHost } from './options.ts';
import { cell, json, paint, table } from './print.ts';
import type { Session } from './session.ts';

const DOCTOR_HEAD = ['NEED', 'STATUS', 'DETAIL', 'GET IT WITH'];

interface FormatOptions {
  readonly format: string;
}

/** `recover`, `doctor` */
export function addHostCommands(program: Command, session: Session): void {
  program
    .command('recover')
    .description('bring to rest what dead processes have left half-way')
    .addOption(formatOption('text', 'json'))
    .action((options: FormatOptions, command: Command) => recover(session, command, options));

  program
    .command('doctor')
    .description('say what this host has and lacks')
    .addOption(formatOption('table', 'json'))
    .action((options: FormatOptions, command: Command) => doctor(session, command, options));
}

async function recover(
  session: Session,
  command: Command,
  { format }: FormatOptions
): Promise<void> {
  const recovered = await withMooring(session, command, (opened) =>
    narrated(session, opened, 'waiting for containers to recover', () => opened.mooring.recover())
  );
  if (format === 'json') session.print(json(recovered));
  for (const one of recovered) {
    if (one.state === undefined) session.fail(unrecovered(one));
    else {
      if (format !== 'json') session.print(recoveredText(one));
      if (one.state === 'stuck') session.exitWith(EXIT.failed);
    }
  }
}

function recoveredText({ id, state, failure }: Recovered): string {
  return visible(`${id}: ${state}${failure === undefined ? '' : ` (${failure.message})`}`);
}

function unrecovered({ id, failure }: Recovered): CliError {
  const reason = failure?.message ?? 'it was not brought to rest';
  return new CliError(failure?.code ?? 'container.unrecovered', `${id}: ${reason}`);
}

async function doctor(
  session: Session,
  command: Command,
  { format }: FormatOptions
): Promise<void> {
  refuseHost(command);
  // Not opened: what keeps it from opening is to be said as well.
  const library = await session.deps.library();
  const findings = await library.doctor(mooringOptions(command, session.deps.env));
  if (format === 'json') session.print(json(findings));
  else {
    const rows = findings.map((finding) => findingRow(session, finding));
    session.print((await table(DOCTOR_HEAD, rows)) ?? '');
  }
  if (findings.some(({ found, required }) => required && !found)) session.exitWith(EXIT.failed);
}

function findingRow(session: Session, finding: Finding): readonly string[] {
  return [
    cell([finding.need]),
    statusText(session, finding),
    cell([finding.detail]),
    cell([finding.remedy ?? ''])
  ];
}

function statusText({ coloured }: Session, { found, required }: Finding): string {
  const text = found ? 'found' : 'missing';
  if (!coloured) return text;
  return paint(text, found ? 'green' : required ? 'red' : 'yellow');
}
