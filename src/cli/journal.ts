import type { Command } from 'commander';
import { namedMissing } from './container.ts';
import { usage } from './errors.ts';
import { withMooring } from './open.ts';
import type { Session } from './session.ts';

interface ExportOptions {
  readonly all?: true;
  readonly redact?: true;
}

/** `journal export`, `journal import` */
export function addJournalCommands(program: Command, session: Session): void {
  const journal = program.command('journal').description('work with journals');

  journal
    .command('export')
    .description('print journals of containers and their namespaces as the lines of one file')
    .argument('[containers...]', 'ids of the containers')
    .option('-a, --all', 'everything that there is, networks too')
    .option('--redact', 'with stand-ins for names, addresses, texts and times')
    .action((ids: string[], options: ExportOptions, command: Command) =>
      exportJournals(session, command, ids, options)
    );

  journal
    .command('import')
    .description('take the journals of a file, to be read here; no container comes of it')
    .argument('<file>', 'what journal export printed')
    .action((file: string, _options: object, command: Command) =>
      importJournals(session, command, file)
    );
}

async function exportJournals(
  session: Session,
  command: Command,
  ids: readonly string[],
  { all, redact }: ExportOptions
): Promise<void> {
  if (all && ids.length > 0) throw usage('give containers or --all, not both');
  if (!all && ids.length === 0) throw usage('name a container, or give --all');
  const what = { containers: all ? ('all' as const) : ids, redact: redact ?? false };
  await withMooring(session, command, async ({ mooring }) => {
    try {
      for await (const line of mooring.exportJournals(what)) {
        session.signal.throwIfAborted();
        await session.stream(line);
      }
    } catch (error) {
      throw ids.length === 1 ? namedMissing(error, ids[0]!) : error;
    }
  });
}

async function importJournals(session: Session, command: Command, file: string): Promise<void> {
  const keys = await withMooring(session, command, ({ mooring }) => mooring.importJournals(file));
  for (const key of keys) session.print(key);
}
