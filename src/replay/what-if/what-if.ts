import { MACHINES } from '../../actors/machines.ts';
import { isCommand, type MooringEvent } from '../../bus/events.ts';
import { refusalOf } from '../../bus/requests.ts';
import type { EffectContext, Effects } from '../../effects/effects.ts';
import { MooringError } from '../../model/failure.ts';
import type { Json } from '../../model/json.ts';
import type { StoredRecord } from '../../store/store.ts';
import type { JournalInput, ReplayOptions } from '../replay.ts';
import { eventText } from '../report.ts';
import type { Damage } from '../simulator/damage.ts';
import type { Violation } from '../simulator/run.ts';
import type { Kept } from '../simulator/store-state.ts';
import type { Invariant } from '../simulator/world.ts';
import { lifeLines } from '../simulator/trace-file.ts';
import { follower, takenText } from './follower.ts';
import { recordedIn, type Recorded, type RecordedCommand } from './recorded.ts';
import { openStage, type Stage } from './stage.ts';

/** What is to be otherwise. */
export type Change =
  /** The record is another answer to the same request; a code of a failure: it was refused. */
  | { readonly at: string; readonly answer: MooringEvent | string }
  /** Something goes wrong when the record has been written. */
  | { readonly at: string; readonly fault: WhatIfFault };

export type WhatIfFault = 'crash' | 'reboot' | Damage['kind'];

/** What would have come of it. */
export interface WhatIfRun {
  /** Records that came as they were recorded. */
  readonly followed: number;
  /** What came after the change, up to where all rests: `container/web 5 …`. */
  readonly steps: readonly string[];
  /** Empty when every invariant held, to the end of all containers. */
  readonly violations: readonly Violation[];
  /** A journal file: all up to where all rests. */
  readonly lines: readonly string[];
}

/** Longest that it may take of its own time. */
const LIMIT_MS = 4 * 60 * 60 * 1000;

/**
 * Follows a journal in the simulator up to a record, changes that, and goes on.
 *
 * What was asked for from outside is asked for again, and what was refused is refused again. Addresses and
 * ports are the simulator's own.
 *
 * @param change `at`: `container/web 5`, of the first life that has it
 * @throws MooringError as `replay`; `journal.noBegin`; `journal.noRecord`; `journal.notAnAnswer`;
 *   `journal.notFollowed` when the simulator does otherwise before it comes there
 */
export async function whatIf(
  input: JournalInput,
  change: Change,
  { machines = MACHINES }: ReplayOptions = {}
): Promise<WhatIfRun> {
  const recorded = recordedIn(input);
  const edited = recordAt(recorded, change);
  const [steps, violations]: [string[], Violation[]] = [[], []];
  const course = follower(recorded, edited);
  const queue = [...recorded.commands];
  let phase: 'following' | 'changed' | 'ending' = 'following';

  const stage: Stage = openStage({
    machines,
    networks: recorded.networks,
    effects: (all) => answering(all, answerOf),
    ...{ onCommit, violated }
  });
  sendDue();
  await run();
  // A file of several hosts has records of others in between, which nothing leads to here.
  while (phase === 'following' && course.astray === undefined && queue.length > 0) {
    send(queue.shift()!);
    await run();
  }
  if (phase === 'following') throw notFollowed(change, course.astray ?? 'nothing leads there');
  const lines = linesOf(stage, change, violations);
  phase = 'ending';
  await run(stage.settle());
  await run(stage.takeDown());
  return { followed: course.followed, steps, violations, lines };

  function violated(invariant: Invariant, what: string): void {
    violations.push({ invariant, what, host: stage.process.site.host.name, atMs: stage.clock.now });
  }

  async function run(work: Promise<void> = Promise.resolve()): Promise<void> {
    await stage.clock.run(stage.clock.now + LIMIT_MS);
    await work;
  }

  /** What the journal says comes next, once all that came before it has. */
  function sendDue(): void {
    const [next] = queue;
    if (phase !== 'following' || next === undefined) return;
    if (!course.isDue(next)) return;
    queue.shift();
    send(next);
    sendDue();
  }

  function send({ key, command }: RecordedCommand): void {
    // What comes of it is told by the records.
    void stage.process.registry.ask(key, command).catch(() => undefined);
  }

  function onCommit(kept: Kept): void {
    if (phase === 'ending') return;
    if (phase === 'changed') {
      steps.push(takenText(kept));
      return;
    }
    if (!course.take(kept)) {
      stage.clock.at(0, undefined, sendDue);
      return;
    }
    steps.push(takenText(kept));
    if ('answer' in change) goOn();
    else befall(change.fault);
  }

  /** From here on the journal tells only what is asked for. */
  function goOn(first: () => Promise<void> = () => Promise.resolve()): void {
    phase = 'changed';
    stage.clock.at(0, undefined, () => {
      void (async () => {
        await first();
        for (const { key, command } of queue) {
          await stage.process.registry.idle();
          await stage.process.registry.ask(key, command).catch(() => undefined);
        }
      })();
    });
  }

  function befall(fault: WhatIfFault): void {
    goOn(async () => {
      if (fault === 'crash') await stage.crash();
      else if (fault === 'reboot') await stage.reboot();
      else if (!stage.hit(fault)) steps.push(`there is nothing for ${fault} to hit`);
    });
  }

  function answerOf(made: MooringEvent, request: never, operation: string): MooringEvent {
    const answer = course.answerTo(operation);
    if (phase !== 'following' || answer === undefined) return made;
    if (answer === edited && 'answer' in change) return answered(change.answer, request);
    return asRecorded(made, answer.event);
  }
}

type AnswerOf = (made: MooringEvent, request: never, operation: string) => MooringEvent;

/** Each does its work, and what it answers is looked at. */
function answering(all: Effects, answerOf: AnswerOf): Effects {
  const wrapped = Object.entries(all).map(([type, effect]) => {
    const work = effect as (request: never, context: EffectContext) => Promise<MooringEvent>;
    const wrapper: typeof work = async (request, context) =>
      answerOf(await work(request, context), request, context.operation);
    return [type, wrapper];
  });
  return Object.fromEntries(wrapped) as Effects;
}

function notFollowed({ at }: Change, why: string): MooringError {
  return new MooringError('journal.notFollowed', `the simulator does not come to ${at}: ${why}`);
}

/** What came of it, for people. */
export function whatIfLines(name: string, change: Change, result: WhatIfRun): readonly string[] {
  const { followed, steps, violations } = result;
  const [first, ...others] = violations;
  const end =
    first === undefined ? 'every invariant holds' : `violates ${first.invariant}: ${first.what}`;
  return [
    `${name}: ${end} (${followed} records as recorded, then ${changeText(change)})`,
    ...steps.map((step) => `  ${step}`),
    ...others.map(({ invariant, what }) => `  violates ${invariant}: ${what}`)
  ];
}

function changeText(change: Change): string {
  if ('fault' in change) return `${change.fault} after ${change.at}`;
  const { answer, at } = change;
  return `${at} ${typeof answer === 'string' ? `refused (${answer})` : eventText(answer)}`;
}

function recordAt({ byKey }: Recorded, change: Change): StoredRecord {
  const [, key = '', seq] = /^(\S+) (\d+)$/.exec(change.at) ?? [];
  const found = byKey.get(key)?.find((record) => record.seq === Number(seq));
  if (found === undefined) {
    throw new MooringError('journal.noRecord', `the journal has no record ${change.at}`);
  }
  const isFact = !('answer' in change) || isAnswer(change.answer);
  if (!isFact) throw new MooringError('journal.notAnAnswer', 'an event has a type');
  if ('answer' in change && isCommand(found.event)) {
    const text = `${change.at} is ${found.event.type}, which answers nothing`;
    throw new MooringError('journal.notAnAnswer', text);
  }
  return found;
}

// It may come from a command line.
function isAnswer(answer: MooringEvent | string): boolean {
  return typeof answer === 'string' || typeof (answer as { type?: unknown }).type === 'string';
}

function answered(answer: MooringEvent | string, request: never): MooringEvent {
  if (typeof answer !== 'string') return answer;
  return refusalOf(request, { code: answer, message: 'it was refused, by way of trial' });
}

/** What was refused is refused; what was done is done by the simulator, and said to be as it was. */
function asRecorded(made: MooringEvent, recorded: MooringEvent): MooringEvent {
  if (made.type !== recorded.type) return recorded;
  if (made.type === 'attachments.examined') return recorded;
  if (made.type !== 'attachment.deleted') return made;
  const { suspect: _, ...rest } = made;
  const { suspect } = recorded as typeof made;
  return suspect === undefined ? rest : { ...rest, suspect };
}

function linesOf(
  stage: Stage,
  change: Change,
  violations: readonly Violation[]
): readonly string[] {
  const found = violations.map(({ invariant, what }) => `${invariant}: ${what}`);
  const header = { whatIf: change as unknown as Json, violations: found };
  return lifeLines(stage.lives, header);
}
