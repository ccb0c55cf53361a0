import { writeFileSync } from 'node:fs';
import { Option, type Command } from 'commander';
import type { Change, Judged, MooringEvent, Replayed, WhatIfFault } from '../testing.ts';
import { CliError, EXIT, usage, visible } from './errors.ts';
import { formatOption } from './options.ts';
import { json } from './print.ts';
import type { Session } from './session.ts';

interface ReplayCommandOptions {
  readonly strict?: true;
  readonly toTest?: string;
  readonly judge?: string | true;
  readonly whatIf?: string;
  readonly answer?: string;
  readonly fault?: string;
  readonly write?: string;
  readonly format: string;
}

/** `replay` */
export function addReplayCommand(program: Command, session: Session): void {
  program
    .command('replay')
    .description('let the charts of this version take journals again; 1 when they do otherwise')
    .argument('<files...>', 'what journal export printed')
    .option('--to-test <file>', 'write what the journal says as a vitest test')
    .option(
      '--judge [module]',
      'look whether what must always hold held, or what a module exports as `invariants`'
    )
    .option(
      '--what-if <record>',
      'go on from a record otherwise, in the simulator: "container/web 5"'
    )
    .option(
      '--answer <code-or-event>',
      'what the record says then: a failure of that code, or JSON'
    )
    .addOption(new Option('--fault <kind>', 'what goes wrong behind it').choices(FAULTS))
    .option('--write <file>', 'write what comes of it as a journal')
    .option('--strict', 'with 1 also where the charts have changed, though not what they do')
    .addOption(formatOption('text', 'json'))
    .action((files: string[], options: ReplayCommandOptions) =>
      replayFiles(session, files, options)
    );
}

async function replayFiles(
  session: Session,
  files: readonly string[],
  options: ReplayCommandOptions
): Promise<void> {
  const { strict, toTest, format } = options;
  const testing = await session.deps.testing();
  if (toTest !== undefined) {
    const [file, ...others] = files;
    if (others.length > 0) throw usage('--to-test makes a test of one file');
    writeNew(toTest, testing.toTest(file!));
  }
  if (options.whatIf !== undefined) {
    const [file, ...others] = files;
    if (others.length > 0) throw usage('--what-if goes on from a record of one file');
    await goOnFrom(session, file!, { ...options, whatIf: options.whatIf });
    return;
  }
  if (options.judge !== undefined) {
    await judgeFiles(session, files, { module: options.judge, format });
    return;
  }
  tellEach<Replayed>(session, files, {
    format,
    read: (file) => testing.replay(file),
    isBad: (replayed) => isRefused(replayed, strict ?? false),
    linesOf: testing.reportLines
  });
}

interface Telling<Result> {
  readonly format: string;
  readonly read: (file: string) => Result;
  /** Whether the exit code is to tell. */
  readonly isBad: (result: Result) => boolean;
  readonly linesOf: (file: string, result: Result) => readonly string[];
}

/** What each file says; one that can't be read is told of, and the others are read. */
function tellEach<Result extends object>(
  session: Session,
  files: readonly string[],
  { format, read, isBad, linesOf }: Telling<Result>
): void {
  const results: (Result & { readonly file: string })[] = [];
  for (const file of files) {
    session.signal.throwIfAborted();
    try {
      const result = read(file);
      results.push({ file, ...result });
      if (isBad(result)) session.exitWith(EXIT.notFound);
      if (format === 'text') for (const line of linesOf(file, result)) session.print(shown(line));
    } catch (error) {
      session.fail(error);
    }
  }
  if (format === 'json') session.print(json(results));
}

const FAULTS: readonly WhatIfFault[] = [
  'crash',
  'reboot',
  'netnsGone',
  'netnsReplaced',
  'linkGone',
  'addressGone',
  'rulesFlushed',
  'bridgeGone',
  'keeperKilled'
];

type WhatIfOptions = ReplayCommandOptions & { readonly whatIf: string };

async function goOnFrom(session: Session, file: string, options: WhatIfOptions): Promise<void> {
  const testing = await session.deps.testing();
  const change = changeOf(options);
  const result = await testing.whatIf(file, change);
  if (options.write !== undefined) writeNew(options.write, `${result.lines.join('\n')}\n`);
  if (result.violations.length > 0) session.exitWith(EXIT.notFound);
  if (options.format === 'json') {
    const { lines: _, ...rest } = result;
    session.print(json({ file, ...rest }));
    return;
  }
  for (const line of testing.whatIfLines(file, change, result)) session.print(shown(line));
}

function changeOf({ whatIf: at, answer, fault }: WhatIfOptions): Change {
  if (answer !== undefined && fault === undefined) return { at, answer: answerIn(answer) };
  if (fault !== undefined && answer === undefined) return { at, fault: fault as WhatIfFault };
  throw usage('--what-if takes an --answer or a --fault');
}

function answerIn(text: string): MooringEvent | string {
  if (!text.startsWith('{')) return text;
  try {
    return JSON.parse(text) as MooringEvent;
  } catch (error) {
    throw usage(`--answer is neither a code nor JSON: ${(error as Error).message}`);
  }
}

async function judgeFiles(
  session: Session,
  files: readonly string[],
  { module, format }: { readonly module: string | true; readonly format: string }
): Promise<void> {
  const testing = await session.deps.testing();
  const invariants =
    module === true ? testing.JOURNAL_INVARIANTS : await testing.loadInvariants(module);
  tellEach<Judged>(session, files, {
    format,
    read: (file) => testing.judge(file, invariants),
    isBad: ({ violations }) => violations.length > 0,
    linesOf: testing.judgedLines
  });
}

function writeNew(path: string, text: string): void {
  try {
    writeFileSync(path, text, { flag: 'wx' });
  } catch (error) {
    const isThere = (error as NodeJS.ErrnoException).code === 'EEXIST';
    const reason = isThere ? 'it exists already' : (error as Error).message;
    throw new CliError('cli.notWritten', `writing ${path}: ${reason}`);
  }
}

// As of a test: it was looked at, and the answer is no.
function isRefused({ verdict }: Replayed, strict: boolean): boolean {
  return strict ? verdict !== 'identical' : verdict === 'breaking';
}

// A line is indented on purpose; what it quotes is from outside.
function shown(line: string): string {
  const text = line.trimStart();
  return `${' '.repeat(line.length - text.length)}${visible(text)}`;
}
