import { Argument } from 'commander';
import type { Command } from 'commander';
import type { Command as Completable } from '@bomb.sh/tab';
import { withMooring } from './open.ts';
import type { Session } from './session.ts';

const SHELLS = ['bash', 'zsh', 'fish'];

const NAMED: Readonly<Record<string, 'containers' | 'networks'>> = {
  down: 'containers',
  start: 'containers',
  rm: 'containers',
  'network reload': 'containers',
  'network connect': 'networks',
  'network disconnect': 'networks',
  inspect: 'containers',
  check: 'containers',
  port: 'containers',
  exec: 'containers',
  'journal export': 'containers',
  'network inspect': 'networks',
  'network rm': 'networks',
  'network exists': 'networks'
};

/**
 * `completion SHELL`, and the hidden `complete` that the scripts call with the words typed so far.
 *
 * @param tree builds the commands once more, for what is to be completed
 */
export function addCompletionCommands(
  program: Command,
  session: Session,
  tree: () => Command
): void {
  program
    .command('completion')
    .description('print the script that completes this command in a shell')
    .addArgument(new Argument('<shell>', 'which shell').choices(SHELLS))
    .action(async (shell: string) => {
      const { script } = await import('@bomb.sh/tab');
      script(shell, program.name(), program.name());
    });

  program
    .command('complete', { hidden: true })
    .argument('[words...]')
    .action((words: string[], _options: object, command: Command) =>
      complete(session, command, words, tree())
    );
}

async function complete(
  session: Session,
  command: Command,
  words: string[],
  tree: Command
): Promise<void> {
  const { default: tab } = await import('@bomb.sh/tab/commander');
  const completion = tab(tree, { completionCommandName: 'completion' });
  offer(completion.commands.get('completion'), 'shell', SHELLS);
  const verb = Object.keys(NAMED).find((name) => words.join(' ').startsWith(`${name} `));
  const typed = words.at(-1) ?? '';
  if (verb !== undefined && !typed.startsWith('-')) {
    const argument = completion.commands.get(verb)?.arguments.keys().next().value ?? '';
    offer(completion.commands.get(verb), argument, await names(session, command, verb));
  }
  completion.parse(words);
}

function offer(
  command: Completable | undefined,
  argument: string,
  values: readonly string[]
): void {
  const target = command?.arguments.get(argument);
  if (target === undefined) return;
  target.handler = (complete) => {
    for (const value of values) complete(value, '');
  };
}

async function names(session: Session, command: Command, verb: string): Promise<readonly string[]> {
  try {
    return await withMooring(session, command, async ({ mooring }) => {
      if (NAMED[verb] === 'containers') {
        return (await mooring.list()).containers.map(({ id }) => id);
      }
      return (await mooring.networks.list()).networks.map(({ name }) => name);
    });
  } catch (error) {
    // Commands and options can be completed all the same.
    session.fail(error);
    return [];
  }
}
