import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { addAgentCommand } from './agent.ts';
import { addCompletionCommands } from './completion.ts';
import { addViewCommands } from './container-views.ts';
import { addContainerCommands } from './container.ts';
import type { Deps } from './deps.ts';
import { addEventCommands } from './events.ts';
import { addHostCommands } from './host.ts';
import { addHostsCommands } from './hosts.ts';
import { addUnshareCommand, runInsideInstead, RanInside } from './inside.ts';
import { addJournalCommands } from './journal.ts';
import { addInspectorCommand } from './inspector.ts';
import { addNetworkCommands } from './network.ts';
import { addGlobalOptions } from './options.ts';
import type { GlobalOptions } from './options.ts';
import { addPsCommand } from './ps.ts';
import { addReplayCommand } from './replay.ts';
import { addUpkeepCommands } from './upkeep.ts';
import { newSession } from './session.ts';
import type { Session } from './session.ts';
import { addStatsCommand } from './stats.ts';

/**
 * Runs one command line.
 *
 * @param argv without the program's name: `['up', 'web']`
 * @returns the exit code
 */
export async function run(argv: readonly string[], deps: Deps): Promise<number> {
  const logLevel = (): string => program.opts<GlobalOptions>().logLevel;
  const session = newSession(deps, () => ['debug', 'trace'].includes(logLevel()));
  const program = commands(session);
  addCompletionCommands(program, session, () => commands(session));
  program.hook('preAction', (_, command) => runInsideInstead(session, command));
  try {
    await program.parseAsync([...argv], { from: 'user' });
  } catch (error) {
    if (!(error instanceof RanInside)) session.fail(error);
  }
  return session.end();
}

/** Every command but those for completion. */
function commands(session: Session): Command {
  const program = addGlobalOptions(new Command('mooring'))
    .description('Gives containers their network and takes it away again.')
    .version(version(), '--version', 'print the version')
    .helpOption('-h, --help', 'print help')
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({
      writeOut: (text) => void session.deps.stdout.write(text),
      // Errors are thrown as well, and told in one line at one place.
      writeErr: () => {}
    })
    .exitOverride();
  addContainerCommands(program, session);
  addPsCommand(program, session);
  addViewCommands(program, session);
  addStatsCommand(program, session);
  addNetworkCommands(program, session);
  addEventCommands(program, session);
  addJournalCommands(program, session);
  addReplayCommand(program, session);
  addUpkeepCommands(program, session);
  addHostCommands(program, session);
  addHostsCommands(program, session);
  addAgentCommand(program, session);
  addInspectorCommand(program, session);
  addUnshareCommand(program, session);
  return program;
}

function version(): string {
  const file = new URL('../../package.json', import.meta.url);
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}
