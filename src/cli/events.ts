import type { Command } from 'commander';
import type { EngineEvent, JournalRecord, Mooring, MooringEvent } from '../index.ts';
import { Interrupted, usage, visible } from './errors.ts';
import { withAbortableMooring } from './open.ts';
import { collect, formatOption, parseFilter } from './options.ts';
import type { Filter } from './options.ts';
import type { Session } from './session.ts';

interface EventsOptions {
  readonly follow?: true;
  readonly raw?: true;
  readonly allHosts?: true;
  readonly filter?: readonly string[];
  readonly format: string;
}

/** `events` */
export function addEventCommands(program: Command, session: Session): void {
  program
    .command('events')
    .description("print what has happened under Docker's and podman's names, one event a line")
    .option('-f, --follow', 'what happens from now on, until interrupted')
    .option('--raw', 'the records of the journals instead')
    .option('--all-hosts', 'of every host of the store')
    .option(
      '--filter <key=value>',
      'by container, network, type, event or host, repeatable',
      collect
    )
    .addOption(formatOption('text', 'json'))
    .action((options: EventsOptions, command: Command) => events(session, command, options));
}

async function events(session: Session, command: Command, options: EventsOptions): Promise<void> {
  const { signal } = session;
  const follow = options.follow ?? false;
  const filters = (options.filter ?? []).map(parseFilter);
  const isJson = options.format === 'json';
  const allHosts = options.allHosts ?? false;
  const of = (mooring: Mooring) => (allHosts ? mooring.hosts : mooring);
  try {
    if (options.raw) {
      const matches = filterOf({ ...RECORD_SUBJECTS, ...(allHosts && RECORD_HOST) }, filters);
      const write = isJson ? JSON.stringify : allHosts ? hostRecordText : recordText;
      await withAbortableMooring(session, command, ({ mooring }) =>
        streamed(session, of(mooring).events({ follow, signal }), matches, write)
      );
      return;
    }
    const matches = filterOf({ ...ENGINE_SUBJECTS, ...(allHosts && ENGINE_HOST) }, filters);
    await withAbortableMooring(session, command, ({ library, mooring }) => {
      const write = isJson
        ? JSON.stringify
        : (event: EngineEvent) => visible(library.engineEventText(event));
      return streamed(session, of(mooring).engineEvents({ follow, signal }), matches, write);
    });
  } catch (error) {
    // An interrupt is how a reader says that it has seen enough.
    if (!(signal.aborted && isAbort(error, signal))) throw error;
  }
}

async function streamed<Item>(
  session: Session,
  items: AsyncIterable<Item>,
  matches: (item: Item) => boolean,
  write: (item: Item) => string
): Promise<void> {
  for await (const item of items) {
    if (matches(item)) await session.stream(write(item));
    if (session.signal.aborted) return;
  }
}

function isAbort(error: unknown, signal: AbortSignal): boolean {
  if (error === signal.reason || error instanceof Interrupted) return true;
  return error instanceof Error && error.name === 'AbortError';
}

/** What of an item a filter of that name looks at. */
type Subjects<Item> = Readonly<Record<string, (item: Item) => readonly string[]>>;

const RECORD_SUBJECTS: Subjects<JournalRecord> = {
  container: ({ event, key }) => [
    ...fields(event, 'container', 'holder'),
    ...named(key, 'container')
  ],
  network: ({ event, key }) => [...fields(event, 'network'), ...named(key, 'network')],
  type: ({ event }) => [event.type]
};

const RECORD_HOST: Subjects<JournalRecord> = { host: ({ host }) => [host] };

const ENGINE_SUBJECTS: Subjects<EngineEvent> = {
  container: ({ Type, ID, Actor }) =>
    Type === 'container' ? [ID] : present(Actor.Attributes['container']),
  network: ({ Type, Actor, network }) => (Type === 'network' ? present(network, Actor.ID) : []),
  type: ({ Type }) => [Type],
  event: ({ Action, Status }) => [Action, Status]
};

const ENGINE_HOST: Subjects<EngineEvent> = { host: ({ Host }) => present(Host) };

/** Values of one key are alternatives; different keys must all hold. */
function filterOf<Item>(
  subjects: Subjects<Item>,
  filters: readonly Filter[]
): (item: Item) => boolean {
  const wanted = new Map<string, Set<string>>();
  for (const { key, value } of filters) {
    if (!Object.hasOwn(subjects, key)) {
      const names = Object.keys(subjects);
      const known = `${names.slice(0, -1).join(', ')} or ${names.at(-1)}`;
      throw usage(`invalid filter "${key}", it must be ${known}`);
    }
    wanted.set(key, (wanted.get(key) ?? new Set()).add(value));
  }
  return (item) =>
    [...wanted].every(([key, values]) => subjects[key]?.(item).some((one) => values.has(one)));
}

function present(...values: readonly (string | undefined)[]): readonly string[] {
  return values.filter((value) => value !== undefined);
}

function fields(event: MooringEvent, ...names: readonly string[]): readonly string[] {
  const payload: Readonly<Record<string, unknown>> = { ...event };
  return names.map((name) => payload[name]).filter((value) => typeof value === 'string');
}

function named(key: string, kind: string): readonly string[] {
  return key.startsWith(`${kind}/`) ? [key.slice(kind.length + 1)] : [];
}

function hostRecordText(record: JournalRecord): string {
  return `${visible(record.host)} ${recordText(record)}`;
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
