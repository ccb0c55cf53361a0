import type { Command } from 'commander';
import { namedMissing } from './container.ts';
import { CliError, codeOf, usage } from './errors.ts';
import { narrated, withMooring } from './open.ts';
import { collect } from './options.ts';
import type { Session } from './session.ts';
import { attachmentOf, type AttachmentOptions } from './up-input.ts';

interface ReloadOptions {
  readonly all?: true;
  readonly full?: true;
}

/** `network connect|disconnect|reload`, below the `network` command */
export function addMemberCommands(network: Command, session: Session): void {
  network
    .command('connect')
    .description('attach a container to one more network')
    .argument('<network>', 'name, id or unique beginning of an id')
    .argument('<container>', 'id of the container')
    .option('--ip <address>', 'IPv4 address')
    .option('--ip6 <address>', 'IPv6 address')
    .option('--mac-address <mac>', 'MAC address')
    .option('--alias <name>', 'further name on the network, repeatable', collect)
    .option('--interface-name, --interface_name <name>', 'name of the interface inside')
    .action((name: string, id: string, options: ConnectOptions, command: Command) =>
      connect(session, command, { name, id, options })
    );

  network
    .command('disconnect')
    .description('detach a container from a network')
    .argument('<network>', 'name, id or unique beginning of an id')
    .argument('<container>', 'id of the container')
    .option('-f, --force', 'accepted and ignored, as by podman')
    .action((name: string, id: string, _options: object, command: Command) =>
      withMooring(session, command, async (opened) => {
        await narrated(session, opened, `${id}: waiting to begin`, () =>
          opened.mooring.disconnect(id, name).catch((error: unknown) => {
            throw named(error, name, id);
          })
        );
      })
    );

  network
    .command('reload')
    .description("put containers' rules and networks back, with every address kept")
    .argument('[containers...]', 'ids of the containers')
    .option('-a, --all', 'every container that is up')
    .option('--full', 'take every network off and put it on again in any case')
    .action((ids: string[], options: ReloadOptions, command: Command) =>
      reload(session, command, ids, options)
    );
}

interface ConnectOptions extends Omit<AttachmentOptions, 'networkAlias'> {
  readonly alias?: readonly string[];
  readonly interface_name?: string;
  readonly interfaceName?: string;
}

async function connect(
  session: Session,
  command: Command,
  { name, id, options }: { name: string; id: string; options: ConnectOptions }
): Promise<void> {
  const { alias, interface_name: underscored, interfaceName = underscored, ...rest } = options;
  const attachment = attachmentOf(name, { ...rest, ...(alias && { networkAlias: alias }) });
  await withMooring(session, command, async (opened) => {
    await narrated(session, opened, `${id}: waiting to begin`, () =>
      opened.mooring
        .connect(id, { ...attachment, ...(interfaceName === undefined ? {} : { interfaceName }) })
        .catch((error: unknown) => {
          throw named(error, name, id);
        })
    );
  });
}

async function reload(
  session: Session,
  command: Command,
  ids: readonly string[],
  { all, full }: ReloadOptions
): Promise<void> {
  if (all && ids.length > 0) throw usage('give containers or --all, not both');
  if (!all && ids.length === 0) throw usage('name a container, or give --all');
  await withMooring(session, command, async (opened) => {
    const { mooring } = opened;
    const wanted = all ? await attachedIds(opened) : [...new Set(ids)];
    await narrated(session, opened, `waiting for ${wanted.join(', ')}`, async () => {
      // All at once: the library bounds how many plugins run. The output keeps the given order.
      const ends = wanted.map((id) =>
        mooring.reload(id, full ? { full } : {}).then(
          () => undefined,
          (error: unknown) => ({ error })
        )
      );
      for (const [index, end] of ends.entries()) {
        const id = wanted[index]!;
        const failed = await end;
        if (failed) session.fail(namedMissing(failed.error, id));
        else session.print(id);
      }
    });
  });
}

async function attachedIds({
  mooring
}: {
  readonly mooring: Pick<import('../index.ts').Mooring, 'list'>;
}): Promise<readonly string[]> {
  const { containers } = await mooring.list();
  return containers
    .filter(({ state, spec: { namespace, isolated } }) => {
      const isOwn = namespace === undefined || namespace.kind === 'process';
      return isOwn && !isolated && (state === 'up' || state === 'degraded');
    })
    .map(({ id }) => id);
}

function named(error: unknown, name: string, id: string): unknown {
  if (codeOf(error) === 'network.notFound') {
    // podman answers 125 here, not the 1 of its other verbs.
    return new CliError(
      'network.unknown',
      `unable to find network with name or ID ${name}: network not found`
    );
  }
  return namedMissing(error, id);
}
