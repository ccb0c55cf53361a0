import type { Command } from 'commander';
import type { Mooring, NetworkSettings } from '../index.ts';
import { namedMissing } from './container.ts';
import type { Library } from './deps.ts';
import { CliError, usage, visible } from './errors.ts';
import { withMooring } from './open.ts';
import { formatOption, templateOption } from './options.ts';
import type { Binding } from './ports.ts';
import { bindingOf, bindingsOf, handlerJson, portJson, publishingJson } from './ports.ts';
import { formatted, json, parseTemplate } from './print.ts';
import type { Session } from './session.ts';

interface InspectOptions {
  readonly format: string;
  readonly kernel?: true;
}

/** `inspect`, `port` */
export function addViewCommands(program: Command, session: Session): void {
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
