import type { Command } from 'commander';
import { CliError } from './errors.ts';
import { mooringOptions } from './options.ts';
import type { Session } from './session.ts';

/** Thrown in place of an action that was run inside of the private host. */
export class RanInside extends Error {
  override readonly name = 'RanInside';
}

/** Commands that read records, and nothing else, or see to it themselves: they run where the user stands. */
const OUTSIDE: ReadonlySet<string> = new Set([
  'ps',
  'events',
  'journal export',
  'journal import',
  'replay',
  'network ls',
  'network inspect',
  'network exists',
  'doctor',
  'host ls',
  'inspector',
  'completion',
  'complete',
  'unshare'
]);

/** These too, unless there is a private host, where they would first put right what was left half-way. */
const LOOKING: ReadonlySet<string> = new Set(['inspect', 'port']);

/**
 * For a user without root: runs a command line in the private host instead of here.
 *
 * @throws RanInside when it was run; MooringError `rootless.…`
 */
export async function runInsideInstead(session: Session, command: Command): Promise<void> {
  const { outside } = session.deps;
  const verb = nameOf(command);
  if (outside === undefined || OUTSIDE.has(verb)) return;
  const options = mooringOptions(command, session.deps.env);
  const isKernel = command.opts<{ readonly kernel?: true }>().kernel === true;
  if (LOOKING.has(verb) && !isKernel && !outside.exists(options)) return;
  session.exitWith(await outside.run(undefined, options, () => session.leaveSignals()));
  throw new RanInside();
}

/** `unshare` */
export function addUnshareCommand(program: Command, session: Session): void {
  program
    .command('unshare')
    .description('run a command as root of the private host of a user without root')
    .usage('[options] [-- <command...>]')
    .argument('[command...]', 'command and its arguments; default: a shell')
    .action(async (argv: string[], _options: object, command: Command) => {
      const { outside, env } = session.deps;
      if (outside === undefined) {
        throw new CliError(
          'rootless.notNeeded',
          'unshare is for users without root, outside of the private host'
        );
      }
      const wanted = argv.length > 0 ? argv : [env['SHELL'] ?? 'sh'];
      const options = mooringOptions(command, env);
      session.exitWith(await outside.run(wanted, options, () => session.leaveSignals()));
    });
}

/** `network ls`, whatever alias it was called by. */
function nameOf(command: Command): string {
  const { parent } = command;
  const above = parent === null || parent.parent === null ? '' : `${nameOf(parent)} `;
  return `${above}${command.name()}`;
}
