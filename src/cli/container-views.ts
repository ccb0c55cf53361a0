import type { Command } from 'commander';
import type { ContainerView, Mooring, NetworkSettings } from '../index.ts';
import { namedMissing } from './container.ts';
import type { Library } from './deps.ts';
import { CliError, usage, visible } from './errors.ts';
import { withMooring } from './open.ts';
import { formatOption, templateOption } from './options.ts';
import type { Binding } from './ports.ts';
import { bindingOf, bindingsOf, handlerJson, portJson, portText, publishingJson } from './ports.ts';
import { cell, formatted, json, paint, parseTemplate, table } from './print.ts';
import type { Session } from './session.ts';

const PS_HEAD = ['CONTAINER', 'STATE', 'NETWORKS', 'ADDRESSES', 'PORTS', 'SINCE'];

interface PsOptions {
  readonly format: string;
  readonly quiet?: true;
  readonly heading: boolean;
}

interface InspectOptions {
  readonly format: string;
  readonly kernel?: true;
}

/** `ps`, `inspect`, `port` */
export function addViewCommands(program: Command, session: Session): void {
  program
    .command('ps')
    .description('list containers')
    .option('-q, --quiet', 'ids only')
    .option('--noheading', 'no heading')
    .addOption(formatOption('table', 'json'))
    .action((options: PsOptions & { readonly noheading?: true }, command: Command) =>
      ps(session, command, { ...options, heading: !options.noheading })
    );

  program
    .command('inspect')
    .description('print all there is to know of containers')
    .argument('<containers...>', 'ids of the containers')
    .option('--kernel', 'what it shall have, what was recorded, and what the kernel holds')
    .addOption(templateOption())
    .action((ids: string[], options: InspectOptions, command: Command) =>
      inspect(session, command, ids, options)
    );

  program
    .command('port')
    .description('print the published ports of a container')
    .argument('<container>', 'id of the container')
    .argument('[port]', 'PORT[/PROTO] inside the container')
    .addOption(formatOption('text', 'json'))
    .action(
      (
        id: string,
        port: string | undefined,
        { format }: { readonly format: string },
        command: Command
      ) => printPorts(session, command, { id, port, format })
    );
}

async function ps(session: Session, command: Command, options: PsOptions): Promise<void> {
  const { containers, unreadable } = await withMooring(session, command, ({ mooring }) =>
    mooring.list()
  );
  if (options.quiet) for (const { id } of containers) session.print(id);
  else if (options.format === 'json') session.print(json(containers.map(psJson)));
  else {
    const head = options.heading ? PS_HEAD : undefined;
    const text = await table(
      head,
      containers.map((view) => psRow(session, view))
    );
    if (text !== undefined) session.print(text);
  }
  for (const { id, failure } of unreadable) {
    session.fail(new CliError(failure.code, `${id}: ${failure.message}`));
  }
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

function psJson(view: ContainerView): object {
  return {
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

async function inspect(
  session: Session,
  command: Command,
  ids: readonly string[],
  { format, kernel }: InspectOptions
): Promise<void> {
  if (format !== 'json') parseTemplate(format);
  await withMooring(session, command, async ({ library, mooring }) => {
    const found: object[] = [];
    for (const id of ids) {
      try {
        found.push(await (kernel ? mooring.examine(id) : inspection(library, mooring, id)));
      } catch (error) {
        session.fail(namedMissing(error, id));
      }
    }
    const text = formatted(format, found);
    if (text !== undefined) session.print(text);
  });
}

async function inspection(
  { networkMode, sourceAddressOf }: Pick<Library, 'networkMode' | 'sourceAddressOf'>,
  mooring: Pick<Mooring, 'inspect' | 'networkSettings'>,
  id: string
): Promise<object> {
  const view = await mooring.inspect(id);
  const { failure } = view;
  const settings = await mooring.networkSettings(id);
  return {
    Id: view.id,
    State: {
      Status: view.state,
      Pending: view.pending,
      Failure: failure === null ? null : { Code: failure.code, Message: failure.message },
      Leftovers: view.leftovers.map(({ code, message }) => ({ Code: code, Message: message }))
    },
    NetNS: view.netns?.path ?? '',
    ResolvConfPath: view.files?.resolvConf ?? '',
    HostsPath: view.files?.hosts ?? '',
    HostConfig: {
      NetworkMode: networkMode(view),
      PortBindings: published(settings.Ports)
    },
    Publishing: view.ports.map((port) => publishingJson(port, sourceAddressOf(port))),
    NetworkSettings: settings
  };
}

function published(ports: NetworkSettings['Ports']): NetworkSettings['Ports'] {
  return Object.fromEntries(Object.entries(ports).filter(([, bindings]) => bindings !== null));
}

async function printPorts(
  session: Session,
  command: Command,
  { id, port, format }: { id: string; port: string | undefined; format: string }
): Promise<void> {
  const wanted = port === undefined ? undefined : parsePort(port);
  const { all, sourceAddressOf } = await withMooring(
    session,
    command,
    async ({ library, mooring }) => {
      const { ports } = await mooring.inspect(id).catch((error: unknown) => {
        throw namedMissing(error, id);
      });
      return { all: bindingsOf(ports), sourceAddressOf: library.sourceAddressOf };
    }
  );
  const bindings = wanted === undefined ? all : all.filter((one) => bindingOf(one) === wanted);
  if (wanted !== undefined && bindings.length === 0) {
    throw new CliError('port.notFound', `failed to find published port "${wanted}"`);
  }
  if (format === 'json') {
    session.print(
      json(bindings.map((one) => ({ ...portJson(one), ...handlerJson(one, sourceAddressOf(one)) })))
    );
    return;
  }
  for (const one of bindings) session.print(bindingText(one, wanted === undefined));
}

// Who names the port wants to know only where it is, as podman answers.
function bindingText(binding: Binding, whole: boolean): string {
  return whole ? `${bindingOf(binding)} -> ${binding.host}` : binding.host;
}

/** @returns `80/tcp` */
function parsePort(text: string): string {
  const [, number, protocol = 'tcp'] = /^(\d{1,5})(?:\/(tcp|udp|sctp))?$/i.exec(text) ?? [];
  const value = Number(number);
  if (value >= 1 && value <= 65_535) return `${value}/${protocol.toLowerCase()}`;
  throw usage(`port "${visible(text)}" must be PORT[/PROTO], 1 to 65535 and tcp, udp or sctp`);
}
