import type { Command } from 'commander';
import type { ContainerStats, Counter, InterfaceStats } from '../index.ts';
import { namedMissing } from './container.ts';
import { withMooring } from './open.ts';
import { templateOption } from './options.ts';
import { cell, formatted, parseTemplate, table } from './print.ts';
import type { Session } from './session.ts';

const HEAD = [
  'CONTAINER',
  'INTERFACE',
  'RX',
  'RX PACKETS',
  'RX ERRORS',
  'RX DROPPED',
  'TX',
  'TX PACKETS',
  'TX ERRORS',
  'TX DROPPED'
];

/** `stats` */
export function addStatsCommand(program: Command, session: Session): void {
  program
    .command('stats')
    .description('print what the interfaces of containers have carried, seen from inside')
    .argument('<containers...>', 'ids of the containers')
    .addOption(templateOption().default('table'))
    .action((ids: string[], { format }: { readonly format: string }, command: Command) =>
      stats(session, command, ids, format)
    );
}

async function stats(
  session: Session,
  command: Command,
  ids: readonly string[],
  format: string
): Promise<void> {
  if (format !== 'table' && format !== 'json') parseTemplate(format);
  await withMooring(session, command, async ({ library, mooring }) => {
    const found: ContainerStats[] = [];
    for (const id of ids) {
      try {
        found.push(await mooring.stats(id));
      } catch (error) {
        session.fail(namedMissing(error, id));
      }
    }
    const sum = (counters: readonly Counter[]) => library.totalOf(counters);
    const text =
      format === 'table'
        ? await table(found.length === 0 ? undefined : HEAD, found.flatMap(rows))
        : formatted(
            format,
            found.map((one) => statsJson(one, sum))
          );
    if (text !== undefined) session.print(text);
  });
}

function rows({ id, interfaces }: ContainerStats): readonly (readonly string[])[] {
  if (interfaces === null || interfaces.length === 0) {
    return [[cell([id]), ...HEAD.slice(1).map(() => '--')]];
  }
  return interfaces.map((one) => [
    cell([id]),
    cell([one.name]),
    bytesText(one.rxBytes),
    ...[one.rxPackets, one.rxErrors, one.rxDropped].map(String),
    bytesText(one.txBytes),
    ...[one.txPackets, one.txErrors, one.txDropped].map(String)
  ]);
}

/** In podman's words. */
function statsJson(
  { id, interfaces }: ContainerStats,
  sum: (counters: readonly Counter[]) => Counter
): object {
  return {
    Id: id,
    NetInput: interfaces && sum(interfaces.map(({ rxBytes }) => rxBytes)),
    NetOutput: interfaces && sum(interfaces.map(({ txBytes }) => txBytes)),
    Network: interfaces && Object.fromEntries(interfaces.map((one) => [one.name, linkJson(one)]))
  };
}

function linkJson(one: InterfaceStats): object {
  return {
    RxBytes: one.rxBytes,
    RxPackets: one.rxPackets,
    RxErrors: one.rxErrors,
    RxDropped: one.rxDropped,
    TxBytes: one.txBytes,
    TxPackets: one.txPackets,
    TxErrors: one.txErrors,
    TxDropped: one.txDropped
  };
}

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB', 'PB', 'EB'];

/** `1.3MB`: four digits at most, as podman prints them. */
function bytesText(counter: Counter): string {
  let value = Number(counter);
  let unit = 0;
  // What would be rounded up to 1000 is one of the next unit.
  for (; value >= 999.5 && unit < UNITS.length - 1; unit++) value /= 1000;
  return `${Number(value.toPrecision(4))}${UNITS[unit]}`;
}
