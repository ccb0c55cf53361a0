import type { Command } from 'commander';
import type { JournalRecord, MooringEvent } from '../index.ts';
import { namedMissing } from './container.ts';
import { Interrupted, usage, visible } from './errors.ts';
import { withAbortableMooring, withMooring } from './open.ts';
import { collect, formatOption, parseFilter } from './options.ts';
import type { Filter } from './options.ts';
import type { Session } from './session.ts';

interface EventsOptions {
  readonly follow?: true;
  readonly filter?: readonly string[];
  readonly format: string;
}

/** `events`, `journal export` */
export function addEventCommands(program: Command, session: Session): void {
  program
    .command('events')
    .description('print what has happened, one event a line')
    .option('-f, --follow', 'what happens from now on, until interrupted')
    .option('--filter <key=value>', 'by container, network or type, repeatable', collect)
    .addOption(formatOption('text', 'json'))
    .action((options: EventsOptions, command: Command) => events(session, command, options));

  program
    .command('journal')
    .description('work with the journal')
    .command('export')
    .description("print a container's journal, one JSON record a line")
    .argument('<container>', 'id of the container')
    .action((id: string, _options: object, command: Command) =>
      exportJournal(session, command, id)
    );
}

async function events(session: Session, command: Command, options: EventsOptions): Promise<void> {
  const matches = recordFilter((options.filter ?? []).map(parseFilter));
  const { signal } = session;
  const write = options.format === 'json' ? JSON.stringify : recordText;
  try {
    await withAbortableMooring(session, command, async ({ mooring }) => {
      for await (const record of mooring.events({ follow: options.follow ?? false, signal })) {
        if (matches(record)) await session.stream(write(record));
        if (signal.aborted) return;
      }
    });
  } catch (error) {
    // An interrupt is how a reader says that it has seen enough.
    if (!(signal.aborted && isAbort(error, signal))) throw error;
  }
}

function isAbort(error: unknown, signal: AbortSignal): boolean {
  if (error === signal.reason || error instanceof Interrupted) return true;
  return error instanceof Error && error.name === 'AbortError';
}

async function exportJournal(session: Session, command: Command, id: string): Promise<void> {
  await withMooring(session, command, async ({ mooring }) => {
    try {
      for await (const record of mooring.journal(id)) {
        session.signal.throwIfAborted();
        await session.stream(JSON.stringify(record));
      }
    } catch (error) {
      throw namedMissing(error, id);
    }
  });
}

const SUBJECTS: Readonly<Record<string, (record: JournalRecord) => readonly string[]>> = {
  container: ({ event, key }) => [
    ...fields(event, 'container', 'holder'),
    ...named(key, 'container')
  ],
  network: ({ event, key }) => [...fields(event, 'network'), ...named(key, 'network')],
  type: ({ event }) => [event.type]
};

/** Values of one key are alternatives; different keys must all hold. */
function recordFilter(filters: readonly Filter[]): (record: JournalRecord) => boolean {
  const wanted = new Map<string, Set<string>>();
  for (const { key, value } of filters) {
    if (!Object.hasOwn(SUBJECTS, key)) {
      throw usage(`invalid filter "${key}", it must be container, network or type`);
    }
    wanted.set(key, (wanted.get(key) ?? new Set()).add(value));
  }
  return (record) =>
    [...wanted].every(([key, values]) => SUBJECTS[key]?.(record).some((one) => values.has(one)));
}

function fields(event: MooringEvent, ...names: readonly string[]): readonly string[] {
  const payload: Readonly<Record<string, unknown>> = { ...event };
  return names.map((name) => payload[name]).filter((value) => typeof value === 'string');
}

function named(key: string, kind: string): readonly string[] {
  return key.startsWith(`${kind}/`) ? [key.slice(kind.length + 1)] : [];
}

/** `2026-01-01T00:00:00.000Z container/web attachment.added front` */
function recordText({ time, key, event }: JournalRecord): string {
  const about = key.slice(key.indexOf('/') + 1);
  const others = fields(event, 'container', 'network', 'namespace', 'holder').filter(
    (name) => name !== about
  );
  const failure = 'failure' in event ? [event.failure.message] : [];
  const words = [new Date(time).toISOString(), key, event.type, ...others, ...failure];
  return visible(words.join(' '));
}
