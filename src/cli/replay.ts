import { writeFileSync } from 'node:fs';
import type { Command } from 'commander';
import type { Judged, Replayed } from '../testing.ts';
import { CliError, EXIT, usage, visible } from './errors.ts';
import { formatOption } from './options.ts';
import { json } from './print.ts';
import type { Session } from './session.ts';

interface ReplayCommandOptions {
  readonly strict?: true;
  readonly toTest?: string;
  readonly judge?: string | true;
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
  if (options.judge !== undefined) {
    await judgeFiles(session, files, { module: options.judge, format });
    return;
  }
  const results: (Replayed & { readonly file: string })[] = [];
  for (const file of files) {
    session.signal.throwIfAborted();
    try {
      const replayed = testing.replay(file);
      results.push({ file, ...replayed });
      if (isRefused(replayed, strict ?? false)) session.exitWith(EXIT.notFound);
      if (format === 'text') {
        for (const line of testing.reportLines(file, replayed)) session.print(shown(line));
      }
    } catch (error) {
      session.fail(error);
    }
  }
  if (format === 'json') session.print(json(results));
}

async function judgeFiles(
  session: Session,
  files: readonly string[],
  { module, format }: { readonly module: string | true; readonly format: string }
): Promise<void> {
  const testing = await session.deps.testing();
  const invariants =
    module === true ? testing.JOURNAL_INVARIANTS : await testing.loadInvariants(module);
  const results: (Judged & { readonly file: string })[] = [];
  for (const file of files) {
    session.signal.throwIfAborted();
    try {
      const judged = testing.judge(file, invariants);
      results.push({ file, ...judged });
      if (judged.violations.length > 0) session.exitWith(EXIT.notFound);
      if (format === 'text') {
        for (const line of testing.judgedLines(file, judged)) session.print(shown(line));
      }
    } catch (error) {
      session.fail(error);
    }
  }
  if (format === 'json') session.print(json(results));
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
