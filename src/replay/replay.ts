import { KINDS, machineId, MACHINES, type Machines } from '../actors/machines.ts';
import type { JournalHeader } from '../journal/file.ts';
import { keyFrom } from '../journal/import.ts';
import type { RecordLine } from '../journal/line.ts';
import { recordLines, type LineListener } from '../journal/lines.ts';
import { badFile, fileSource, textSource, type JournalSource } from '../journal/read.ts';
import { failureOf, MooringError } from '../model/failure.ts';
import { keyText } from '../store/store.ts';
import { actorReplay, type ActorReplay } from './actor-replay.ts';
import type { Divergence } from './divergence.ts';
import { judgementOf, worstOf, type Judgement } from './verdict.ts';
import { writersOf } from './written.ts';

/** A path of a journal file, its text, or its lines. */
export type JournalInput = string | URL | { readonly text: string | readonly string[] };

export interface ReplayOptions {
  /** Charts to replay with; those of this version unless given. */
  readonly machines?: Machines;
}

/** What came of a journal. */
export interface Replayed extends Judgement {
  readonly events: number;
  /** The first in the file; `undefined` unless the verdict is `breaking`. */
  readonly divergence: Divergence | undefined;
  /** One for each key, in the order they come. */
  readonly actors: readonly ActorReplayed[];
  /** How it was simulated, when it was not recorded. */
  readonly simulation?: JournalHeader['simulation'];
}

export interface ActorReplayed extends Judgement {
  /** `container/web` */
  readonly key: string;
  /** How many of its events were taken, the one that diverged included. */
  readonly events: number;
  readonly divergence: Divergence | undefined;
}

/**
 * Lets the charts take the events of a journal again, with the effects left out.
 *
 * Each event must lead to the recorded state, ask for the recorded requests and, where the journal
 * says so, leave the recorded memory. An actor that does not is followed no further; the others are.
 * A file is read a piece at a time, so that its size does not matter.
 *
 * @throws MooringError `journal.bad`, `journal.cutOff`, `journal.badVersion`, `journal.unreadable`
 */
export function replay(input: JournalInput, options: ReplayOptions = {}): Replayed {
  return replaySource(sourceOf(input), options);
}

export function replaySource(
  source: JournalSource,
  { machines = MACHINES }: ReplayOptions
): Replayed {
  const references = new Map<object, string>();
  const stage = { machines, writers: writersOf(references) };
  const lives: (Followed | ActorReplayed)[] = [];
  const current = new Map<string, Followed>();
  let [header, events] = [undefined as JournalHeader | undefined, 0];
  const listener: LineListener = {
    header: (found) => (header = found),
    part: (part, reference) => references.set(part, reference)
  };
  for (const line of recordLines(source, listener)) {
    const followed = followedIn(line);
    if (followed.divergence) continue;
    events += 1;
    followed.divergence = taken(followed, line);
  }
  const done = lives.map((life) => ('actor' in life ? replayedOf(life, machines) : life));
  const first = firstDiverged(done);
  const { verdict, rule } = first ?? worstOf(done);
  return {
    verdict,
    rule,
    events,
    divergence: first?.divergence,
    actors: done,
    ...(header?.simulation !== undefined && { simulation: header.simulation })
  };

  function taken({ actor }: Followed, line: RecordLine): Divergence | undefined {
    try {
      return actor.take(line);
    } catch (error) {
      if (error instanceof MooringError) throw error;
      throw badFile(source.name, line.number, failureOf(error, 'journal').message);
    }
  }

  function followedIn(line: RecordLine): Followed {
    const { key, life, number } = line;
    const known = current.get(key);
    if (known?.life === life) return known;
    // Of a life that is over only what came of it is kept.
    if (known) lives[known.place] = replayedOf(known, machines);
    const actor = attempt(source, number, () => actorReplay(keyFrom(key, KINDS), stage));
    const followed: Followed = { life, place: lives.length, actor, divergence: undefined };
    lives.push(followed);
    current.set(key, followed);
    return followed;
  }
}

export function sourceOf(input: JournalInput): JournalSource {
  if (typeof input === 'string') return fileSource(input);
  return input instanceof URL ? fileSource(input.pathname) : textSource(input.text);
}

interface Followed {
  readonly life: number;
  /** Among all lives of the file. */
  readonly place: number;
  readonly actor: ActorReplay;
  divergence: Divergence | undefined;
}

function replayedOf({ life, actor, divergence }: Followed, machines: Machines): ActorReplayed {
  const { key, progress } = actor;
  const { verdict, rule } = judgementOf(progress, machineId(key.kind, machines), divergence);
  // Joined, a text is one; put together otherwise it keeps its parts, and there can be many lives.
  const name = life === 1 ? keyText(key) : [keyText(key), ' (life ', life, ')'].join('');
  return { key: name, events: progress.events, divergence, verdict, rule };
}

/** The actor whose divergence stands first in the file. */
function firstDiverged(actors: readonly ActorReplayed[]): ActorReplayed | undefined {
  let first: ActorReplayed | undefined;
  for (const actor of actors) {
    if (actor.divergence === undefined) continue;
    if (!first || actor.divergence.line < first.divergence!.line) first = actor;
  }
  return first;
}

function attempt<Result>(source: JournalSource, line: number, work: () => Result): Result {
  try {
    return work();
  } catch (error) {
    throw badFile(source.name, line, failureOf(error, 'journal').message);
  }
}
