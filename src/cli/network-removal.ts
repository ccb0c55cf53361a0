import type { Command } from 'commander';
import { CliError, codeOf } from './errors.ts';
import { narrated, withMooring } from './open.ts';
import { collect, parseFilter } from './options.ts';
import type { Session } from './session.ts';

interface RmOptions {
  readonly force?: true;
}

interface PruneOptions extends RmOptions {
  readonly filter?: readonly string[];
}

/** `network rm|prune`, below the `network` command */
export function addRemovalCommands(network: Command, session: Session): void {
  network
    .command('rm')
    .alias('remove')
    .description('remove networks and print their names')
    .argument('<networks...>', 'names, ids or unique beginnings of ids')
    .option('-f, --force', 'take the containers that use them down first')
    .option('-t, --time <seconds>', 'accepted and ignored, as there is no container to stop')
    .action((names: string[], options: RmOptions, command: Command) =>
      remove(session, command, names, options)
    );

  network
    .command('prune')
    .description('remove networks that no container uses and print their names')
    .option('-f, --force', 'do not ask')
    .option('--filter <key=value>', 'label, label! or until, repeatable', collect)
    .action((options: PruneOptions, command: Command) => prune(session, command, options));
}

/** An error of a verb that was given a network's name, in podman's words. */
export function noSuchNetwork(error: unknown, name: string): unknown {
  if (codeOf(error) !== 'network.notFound') return error;
  return new CliError('network.notFound', `no such network ${name}`);
}

async function remove(
  session: Session,
  command: Command,
  names: readonly string[],
  { force }: RmOptions
): Promise<void> {
  await withMooring(session, command, async (opened) => {
    for (const name of names) {
      try {
        const work = () => opened.mooring.networks.remove(name, force ? { force } : {});
        const removed = await narrated(session, opened, `${name}: waiting to begin`, work);
        session.print(removed);
      } catch (error) {
        session.fail(noSuchNetwork(error, name));
      }
    }
  });
}

async function prune(session: Session, command: Command, options: PruneOptions): Promise<void> {
  const filters = (options.filter ?? []).map(parseFilter);
  if (!options.force && !(await isAgreed(session))) return;
  await withMooring(session, command, async ({ mooring }) => {
    const { removed, problems } = await mooring.networks.prune(filters);
    for (const name of removed) session.print(name);
    for (const { code, message } of problems) session.fail(new CliError(code, message));
  });
}

async function isAgreed({ deps, signal, warn }: Session): Promise<boolean> {
  // Nobody is there to answer: whoever pipes it means it.
  if (deps.ask === undefined) return true;
  warn('this removes all networks of Mooring that no container uses');
  const answer = await deps.ask('Are you sure you want to continue? [y/N] ', signal);
  return /^y/i.test(answer.trim());
}
