import { MooringError } from '../model/failure.ts';
import type { JsonObject } from '../model/json.ts';
import type { JournalHeader } from './file.ts';
import { LineReader, parseFrame, Unsealed, type OnPart, type RecordLine } from './line.ts';
import { badFile, type JournalSource } from './read.ts';

export interface LineListener {
  /** Told before the first record. */
  readonly header?: (header: JournalHeader) => void;
  readonly part?: OnPart;
}

/**
 * The records of a journal file as they come, with hashes, chain and count checked.
 *
 * A file of the store (`journal/…jsonl`) can be read too: it has neither first nor last line, and
 * its last record may have been cut off when the process died that wrote it.
 *
 * @throws MooringError `journal.bad` naming file and line, `journal.cutOff`, `journal.badVersion`, `journal.unreadable`
 */
export function* recordLines(source: JournalSource, on: LineListener = {}): Generator<RecordLine> {
  const reader = new LineReader(on.part ?? (() => undefined));
  let [number, isExport, isEnded] = [0, false, false];
  let broken: MooringError | undefined;
  for (const line of source.lines()) {
    number += 1;
    if (broken) throw broken;
    if (isEnded) throw badFile(source.name, number, 'something follows the last line');
    try {
      const kind = kindOf(line);
      if (kind === 'record') {
        reader.open(line, number);
        yield reader;
        reader.close();
      } else if (kind === 'header') {
        const header = headerIn(line, number, reader);
        on.header?.(header);
        isExport = true;
      } else {
        if (!isExport) throw new Error('the file has no first line');
        expectEnd(parseFrame(line), reader);
        isEnded = true;
      }
    } catch (error) {
      const named = nameFault(error, source.name, number);
      if (!(error instanceof Unsealed) || (number === 1 && isFirst(line))) throw named;
      // The last line may be one that a writer died at.
      broken = named;
    }
  }
  if (number === 0) throw badFile(source.name, undefined, 'the file is empty');
  if (broken && !isExport && number === 1) throw broken;
  if (isExport && !isEnded) throw cutOff(source.name, broken ? number - 1 : number);
}

/** The letter that a record begins with, behind `{"v":1,"`: that of `seq`. */
const SEQ = 's'.charCodeAt(0);

function kindOf(line: Buffer): 'header' | 'record' | 'trailer' {
  if (line[8] === SEQ) return 'record';
  const begin = line.toString('latin1', 0, 32);
  const [, field] = /^\{"v":[^,]*,"(journal|records)"/.exec(begin) ?? [];
  if (field === undefined) return 'record';
  return field === 'journal' ? 'header' : 'trailer';
}

// A file of one torn line is none of the store's; its first line tells what it is.
function isFirst(line: Buffer): boolean {
  return kindOf(line) === 'header';
}

function headerIn(line: Buffer, number: number, { sums }: LineReader): JournalHeader {
  const header = parseFrame(line);
  if (number > 1) throw new Error('it begins anew');
  // The line was read, so it ends in its hash.
  sums.add(header['hash'] as string);
  return header as unknown as JournalHeader;
}

function expectEnd({ records, lines }: JsonObject, reader: LineReader): void {
  if (records !== reader.records) {
    throw new Error(
      `it counts ${JSON.stringify(records)} records, and there are ${reader.records}`
    );
  }
  if (lines !== reader.sums.digest()) throw new Error('the hash over all lines does not match');
}

function nameFault(error: unknown, name: string, line: number): MooringError {
  const reason = error instanceof Error ? error.message : String(error);
  if (!(error instanceof MooringError)) return badFile(name, line, reason);
  return new MooringError(error.code, `${name} line ${line}: ${reason}`, { cause: error });
}

function cutOff(name: string, lines: number): MooringError {
  return new MooringError(
    'journal.cutOff',
    `${name} was cut off after line ${lines}: the last line, which counts the records, is missing`
  );
}
