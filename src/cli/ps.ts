import type { Command } from 'commander';
import type { ContainerList, ContainerView, HostContainers } from '../index.ts';
import { CliError, usage } from './errors.ts';
import { withMooring } from './open.ts';
import { formatOption, type GlobalOptions } from './options.ts';
import { portJson, portText } from './ports.ts';
import { cell, json, paint, table } from './print.ts';
import type { Session } from './session.ts';

const HEAD = ['CONTAINER', 'STATE', 'NETWORKS', 'ADDRESSES', 'PORTS', 'SINCE'];

interface PsOptions {
  readonly format: string;
  readonly quiet?: true;
  readonly heading: boolean;
  readonly allHosts?: true;
}

/** `ps` */
export function addPsCommand(program: Command, session: Session): void {
  program
    .command('ps')
    .description('list containers')
    .option('-q, --quiet', 'ids only')
    .option('--noheading', 'no heading')
    .option('--all-hosts', 'those of every host of the store')
    .addOption(formatOption('table', 'json'))
    .action((options: PsOptions & { readonly noheading?: true }, command: Command) =>
      ps(session, command, { ...options, heading: !options.noheading })
    );
}

async function ps(session: Session, command: Command, options: PsOptions): Promise<void> {
  const hosts = options.allHosts
    ? await everywhere(session, command)
    : [await withMooring(session, command, ({ mooring }) => mooring.list())];
  const all = hosts.flatMap((list) => list.containers.map((view) => ({ view, ...hostOf(list) })));
  if (options.quiet) for (const { view } of all) session.print(view.id);
  else if (options.format === 'json') {
    session.print(json(all.map(({ view, host }) => psJson(view, host))));
  } else {
    const head = options.allHosts ? ['HOST', ...HEAD] : HEAD;
    const rows = all.map(({ view, host }) => [...(host ?? []), ...psRow(session, view)]);
    const text = await table(options.heading ? head : undefined, rows);
    if (text !== undefined) session.print(text);
  }
  for (const { id, failure } of hosts.flatMap(({ unreadable }) => unreadable)) {
    session.fail(new CliError(failure.code, `${id}: ${failure.message}`));
  }
}

async function everywhere(session: Session, command: Command): Promise<readonly HostContainers[]> {
  if (command.optsWithGlobals<GlobalOptions>().host !== undefined) {
    throw usage('give --host or --all-hosts, not both');
  }
  return withMooring(session, command, ({ mooring }) => mooring.hosts.containers());
}

/** In front of a row, where there are several. */
function hostOf(list: ContainerList | HostContainers): { readonly host?: readonly [string] } {
  return 'host' in list ? { host: [list.host] } : {};
}

function psRow(session: Session, view: ContainerView): readonly string[] {
  return [
    view.id,
    coloured(session, view.state),
    cell(view.spec.networks.map(({ network }) => network)),
    cell(addressesOf(view)),
    cell(view.ports.map(portText)),
    age(session.deps.now() - view.since)
  ];
}

function coloured(session: Session, state: ContainerView['state']): string {
  if (!session.coloured) return state;
  if (state === 'up') return paint(state, 'green');
  return state === 'failed' || state === 'stuck' ? paint(state, 'red') : state;
}

function addressesOf({ attachments }: ContainerView): readonly string[] {
  return attachments.flatMap(({ result }) => (result?.ips ?? []).map(({ address }) => address));
}

function psJson(view: ContainerView, host: readonly [string] | undefined): object {
  return {
    ...(host && { Host: host[0] }),
    Id: view.id,
    State: view.state,
    Pending: view.pending,
    Networks: view.spec.networks.map(({ network }) => network),
    Addresses: addressesOf(view),
    Ports: view.ports.map(portJson),
    Failure: view.failure,
    Since: new Date(view.since).toISOString()
  };
}

function age(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (seconds < 60) return `${seconds}s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)}h`;
  return `${Math.floor(seconds / 86_400)}d`;
}
