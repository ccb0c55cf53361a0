import type { Failure } from '../../model/failure.ts';
import { newOwner, never, type Clock, type Owner } from './clock.ts';
import type { PluginFault, PluginVerb } from './plan.ts';
import { drawFor } from './random.ts';

/** Programs that run on a host. They go on when whoever started them dies. */
export interface Programs {
  /**
   * Runs one for an operation and waits for its end.
   *
   * @returns what it refused for; `null` when it has done all
   */
  run(program: ProgramCall): Promise<Failure | null>;
  /** Ends what runs for an operation, or waits for its end; resolves when nothing of it runs. */
  settle(operation: string, mode: 'kill' | 'wait', waiter: Owner): Promise<void>;
  /** Ends everything. */
  reboot(): void;
}

export interface ProgramCall {
  readonly verb: PluginVerb;
  /** `web/front` */
  readonly subject: string;
  readonly operation: string;
  /** What it does, one after the other; a step that gives a failure is its last. */
  readonly steps: readonly (() => Failure | null)[];
  /**
   * Steps at which the plugins of a chain begin, and the one behind their last: that one of them refuses
   * keeps none of the others from its turn. Absent where it is the end.
   */
  readonly turns?: { readonly begins: readonly number[]; readonly end: number } | undefined;
  /** Who started it and waits. */
  readonly owner: Owner;
  /** Aborts when the process gives it up: then it is killed. */
  readonly signal: AbortSignal | undefined;
  /** Told at each step, so that the one who waits may die there. */
  readonly onStep: () => void;
}

interface Running {
  readonly owner: Owner;
  readonly ended: (() => void)[];
}

/** A program on its way. */
interface Course {
  readonly call: ProgramCall;
  readonly running: Running;
  readonly fault: { readonly how: PluginFault; readonly after: number } | undefined;
  readonly answer: (failure: Failure | null) => void;
  /** What one of its plugins has refused for, while the others have their turn. */
  refusal?: Failure;
}

export interface ProgramsOptions {
  readonly host: string;
  readonly clock: Clock;
  readonly seed: number;
  readonly jitter: number;
  /** Longest that one may take. */
  readonly deadlineMs: number;
  /** What goes wrong with the n-th run of a verb, from 1. */
  readonly faultOf: (
    verb: PluginVerb,
    run: number,
    key: string
  ) => { readonly how: PluginFault; readonly after: number } | undefined;
}

export function newPrograms(options: ProgramsOptions): Programs {
  const { host, clock, seed, jitter, deadlineMs, faultOf } = options;
  const byOperation = new Map<string, Running>();
  const counts = new Map<PluginVerb, number>();

  return {
    run,
    async settle(operation, mode, waiter) {
      const running = byOperation.get(operation);
      if (running === undefined) return;
      if (mode === 'kill') {
        end(operation);
        return;
      }
      const limit = clock.at(deadlineMs, undefined, () => end(operation));
      await new Promise<void>((resolve) => {
        running.ended.push(() => {
          limit.cancelled = true;
          clock.at(0, waiter, resolve);
        });
      });
    },
    reboot() {
      for (const operation of [...byOperation.keys()]) end(operation);
    }
  };

  function run(call: ProgramCall): Promise<Failure | null> {
    const { verb, subject, operation, owner, signal } = call;
    if (owner.state === 'dead') return never();
    const count = (counts.get(verb) ?? 0) + 1;
    counts.set(verb, count);
    const fault = faultOf(verb, count, `container/${subject.split('/')[0]!}`);
    const running: Running = { owner: newOwner(`${host} ${verb} ${subject}`), ended: [] };
    byOperation.set(operation, running);
    return new Promise((resolve) => {
      const answer = (failure: Failure | null): void => {
        if (byOperation.get(operation) === running) end(operation);
        limit.cancelled = true;
        signal?.removeEventListener('abort', abandon);
        clock.at(0, owner, () => resolve(failure));
      };
      const abandon = (): void => answer(failureOf(call, 'plugin.aborted', 'it was given up'));
      const limit = clock.at(deadlineMs, undefined, () => {
        answer(failureOf(call, 'plugin.timedOut', `it took longer than ${deadlineMs} ms`));
      });
      signal?.addEventListener('abort', abandon);
      step({ call, running, fault, answer }, 0);
    });
  }

  /** Each step takes its time; between two of them anything may happen. */
  function step(course: Course, index: number): void {
    const { call, running, fault, answer, refusal } = course;
    const { verb, steps, onStep } = call;
    const isBad =
      fault !== undefined && !refusal && !DOES_ALL.has(fault.how) && index >= fault.after;
    if (isBad && fault.how === 'hangs') return;
    const drawn = jitter === 0 ? 0.5 : drawFor(seed, `${call.operation} ${verb} ${index}`);
    const stepMs = fault?.how === 'slow' ? SLOW_STEP_MS : STEP_MS;
    clock.at(stepMs * (1 + jitter * (4 * drawn - 2) * 0.5), running.owner, () => {
      if (isBad) {
        refuse(course, index);
        return;
      }
      if (refusal && index >= call.turns!.end) {
        answer(refusal);
        return;
      }
      const work = steps[index];
      if (work === undefined) {
        answer(fault?.how === 'late' ? failureOf(call, 'cni.11', fault.how) : null);
        return;
      }
      const failure = attempt(call, work);
      onStep();
      if (failure !== null) answer(failure);
      else step(course, index + 1);
    });
  }

  function refuse(course: Course, index: number): void {
    const { call, fault, answer } = course;
    const code = fault!.how === 'garbage' ? 'cni.unreadable' : 'cni.11';
    const refusal = failureOf(call, code, fault!.how);
    const next = call.turns?.begins.find((begin) => begin > index);
    if (next === undefined) answer(refusal);
    else step(Object.assign(course, { refusal }), next);
  }

  function end(operation: string): void {
    const running = byOperation.get(operation);
    if (running === undefined) return;
    byOperation.delete(operation);
    clock.kill(running.owner);
    for (const tell of running.ended) tell();
  }
}

// What the kernel refuses, the program refuses.
function attempt(call: ProgramCall, work: () => Failure | null): Failure | null {
  try {
    return work();
  } catch (error) {
    return failureOf(call, 'cni.999', error instanceof Error ? error.message : String(error));
  }
}

/** What a step of a program takes. */
const STEP_MS = 4;
const SLOW_STEP_MS = 200;
/** What does not keep a program from its work. */
const DOES_ALL: ReadonlySet<PluginFault> = new Set(['late', 'slow']);

function failureOf({ verb, subject }: ProgramCall, code: string, reason: string): Failure {
  return { code, message: `${verb} ${subject}: ${reason}` };
}
