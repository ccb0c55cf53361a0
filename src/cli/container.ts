import type { Command } from 'commander';
import type { Mooring } from '../index.ts';
import { CliError, codeOf, usage } from './errors.ts';
import { withNamesOptions } from './names-input.ts';
import { narrated, withAbortableMooring, withMooring } from './open.ts';
import { collect, refuseHost } from './options.ts';
import type { Session } from './session.ts';
import { upInput } from './up-input.ts';
import type { UpOptions } from './up-input.ts';

interface DownOptions {
  readonly all?: true;
  readonly ignore?: true;
  readonly forget?: true;
}

/** `up`, `create`, `start`, `down`, `rm`, `exec` */
export function addContainerCommands(program: Command, session: Session): void {
  withUpOptions(
    program
      .command('up')
      .description("bring a container's network up and print the path of its netns")
      .argument('<container>', 'id of the container')
  ).action((id: string, options: UpOptions, command: Command) => up(session, command, id, options));

  withUpOptions(
    program
      .command('create')
      .description('keep what a container shall have, for `up` without options or `start`')
      .argument('<container>', 'id of the container')
  ).action((id: string, options: UpOptions, command: Command) =>
    create(session, command, id, options)
  );

  program
    .command('start')
    .description('bring up a container that was created, and print the path of its netns')
    .argument('<container>', 'id of the container')
    .action((id: string, _options: object, command: Command) => start(session, command, id));

  program
    .command('down')
    .description("take containers' networks away and print their ids")
    .argument('[containers...]', 'ids of the containers')
    .option('-a, --all', 'every container')
    .option('-i, --ignore', 'do not complain of unknown containers')
    .action((ids: string[], options: DownOptions, command: Command) =>
      down(session, command, ids, options)
    );

  program
    .command('rm')
    .description('take containers down, forget those that were created, and print their ids')
    .argument('<containers...>', 'ids of the containers')
    .option('-i, --ignore', 'do not complain of unknown containers')
    .action((ids: string[], options: DownOptions, command: Command) =>
      down(session, command, ids, { ...options, forget: true })
    );

  program
    .command('exec')
    .description("run a command in a container's network")
    .usage('[options] <container> -- <command...>')
    .argument('<container>', 'id of the container')
    .argument('<command...>', 'command and its arguments')
    .action((id: string, argv: string[], _options: object, command: Command) =>
      exec(session, command, id, argv)
    );
}

/** What a container can be asked to have. */
function withUpOptions(command: Command): Command {
  const withNetworks = command
    .option(
      '--network <network>',
      'NAME[:ip=…,ip6=…,mac=…,alias=…,interface_name=…], bridge, none, host, ns:PATH, container:CTR, slirp4netns[:OPTION,…] or pasta[:OPTION,…], repeatable',
      collect
    )
    .option('--netns-pid <pid>', 'attach in the netns of this process')
    .option(
      '-p, --publish <port>',
      '[[IP:][HOST[-HOST]]:]CTR[-CTR][/PROTO][@HANDLER], repeatable; without root HANDLER is forward (default) or hostfwd',
      collect
    )
    .option('-P, --publish-all', 'publish every exposed port on a host port that is free')
    .option('--expose <port>', 'PORT[-PORT][/PROTO] that the container serves, repeatable', collect)
    .option('--ip <address>', 'IPv4 address on the one network')
    .option('--ip6 <address>', 'IPv6 address on the one network')
    .option('--mac-address <mac>', 'MAC address on the one network')
    .option('--network-alias <name>', 'further name on each network, repeatable', collect);
  return withNamesOptions(withNetworks);
}

/** The library's "not found" in the words of the command line. */
export function namedMissing(error: unknown, id: string): unknown {
  if (codeOf(error) !== 'container.notFound') return error;
  return new CliError('container.notFound', `no container is named ${id}`);
}

async function up(
  session: Session,
  command: Command,
  id: string,
  options: UpOptions
): Promise<void> {
  await withAbortableMooring(session, command, async (opened) => {
    const input = upInput(opened.library, id, options);
    const isCreated = Object.keys(input).length === 1 && (await isDefined(opened.mooring, id));
    const container = await narrated(session, opened, `${id}: waiting to begin`, () =>
      isCreated
        ? opened.mooring.start(id, { signal: session.signal })
        : opened.mooring.up(input, { signal: session.signal })
    );
    session.print(placeText(container));
  });
}

async function isDefined(mooring: Mooring, id: string): Promise<boolean> {
  const { containers } = await mooring.list();
  return containers.some((view) => view.id === id && view.state === 'defined');
}

// In the host's own there is no path to print.
function placeText({ netns }: { readonly netns: string }): string {
  return netns === '' ? 'host' : netns;
}

async function create(
  session: Session,
  command: Command,
  id: string,
  options: UpOptions
): Promise<void> {
  await withMooring(session, command, async ({ library, mooring }) => {
    const view = await mooring.create(upInput(library, id, options));
    session.print(view.id);
  });
}

async function start(session: Session, command: Command, id: string): Promise<void> {
  await withAbortableMooring(session, command, async (opened) => {
    const container = await narrated(session, opened, `${id}: waiting to begin`, () =>
      opened.mooring.start(id, { signal: session.signal }).catch((error: unknown) => {
        throw namedMissing(error, id);
      })
    );
    session.print(placeText(container));
  });
}

async function down(
  session: Session,
  command: Command,
  ids: readonly string[],
  options: DownOptions
): Promise<void> {
  if (options.all && ids.length > 0) throw usage('give containers or --all, not both');
  if (!options.all && ids.length === 0) throw usage('name a container, or give --all');
  await withMooring(session, command, async (opened) => {
    const { mooring } = opened;
    const all = options.all ? await everyId(mooring) : [...new Set(ids)];
    await narrated(session, opened, `waiting for ${all.join(', ')}`, async () => {
      // All at once: the library bounds how many plugins run. The output keeps the given order.
      const ends = all.map((id) => endOf(mooring, id, options));
      for (const end of ends) report(session, options, await end);
    });
  });
}

interface End {
  readonly id: string;
  readonly error?: unknown;
}

async function endOf(mooring: Mooring, id: string, { forget }: DownOptions): Promise<End> {
  try {
    await mooring.down(id, forget ? { forget } : {});
    return { id };
  } catch (error) {
    return { id, error };
  }
}

function report(session: Session, { ignore }: DownOptions, end: End): void {
  if (!('error' in end)) session.print(end.id);
  else if (!ignore || codeOf(end.error) !== 'container.notFound') {
    session.fail(namedMissing(end.error, end.id));
  }
}

async function everyId(mooring: Mooring): Promise<readonly string[]> {
  const { containers, unreadable } = await mooring.list();
  return [...containers, ...unreadable].map(({ id }) => id);
}

async function exec(
  session: Session,
  command: Command,
  id: string,
  argv: readonly string[]
): Promise<void> {
  refuseHost(command);
  const target = await withMooring(session, command, async ({ mooring }) => {
    const view = await mooring.inspect(id).catch((error: unknown) => {
      throw namedMissing(error, id);
    });
    const { netns, files, spec } = view;
    if (netns !== null) return { netns, files, hostname: spec.hostname };
    throw new CliError(
      'container.noNetns',
      `${id} is ${view.state}: container has no network namespace`
    );
  });
  session.leaveSignals();
  session.exitWith(await session.deps.enter(target, argv));
}
