// `mooring/testing`: journals as tests, and the simulator.
export { MACHINES, type MachineEntry, type Machines } from './actors/machines.ts';
export type { MooringEvent } from './bus/events.ts';
export type { EffectRequest } from './bus/requests.ts';
export { loadInvariants } from './load-invariants.ts';
export type { JournalHeader } from './journal/file.ts';
export { MooringError } from './model/failure.ts';
export type {
  Divergence,
  DivergenceKind,
  Located,
  MemoryDifference,
  Outcome,
  RequestDifference
} from './replay/divergence.ts';
export type { Difference } from './replay/compare.ts';
export type { Answer, Candidate } from './replay/guards.ts';
export {
  journalMatchers,
  type Matched,
  type ToDivergeAt,
  type ToReplay
} from './replay/matchers.ts';
export {
  judge,
  judgedLines,
  type Judged,
  type JournalInvariant,
  type JournalStep,
  type JournalViolation,
  type Standing
} from './replay/judge.ts';
export { JOURNAL_INVARIANTS } from './replay/journal-invariants.ts';
export {
  replay,
  type ActorReplayed,
  type JournalInput,
  type Replayed,
  type ReplayOptions
} from './replay/replay.ts';
export { actorOf, type TestActor } from './replay/test-actor.ts';
export type { Coverage } from './replay/simulator/coverage.ts';
export {
  explore,
  failureLines,
  type Explored,
  type ExploreOptions,
  type Found
} from './replay/simulator/explore.ts';
export { planFor, type PlanOptions } from './replay/simulator/generate.ts';
export type {
  Command,
  CrashPoint,
  Fault,
  FaultKind,
  HostPlan,
  NetworkPlan,
  Plan,
  PluginFault,
  PluginVerb,
  Step,
  StoreModel
} from './replay/simulator/plan.ts';
export { simulate, type Run, type RunOptions, type Violation } from './replay/simulator/run.ts';
export { shrink, type Shrunk, type ShrinkOptions } from './replay/simulator/shrink.ts';
export { planIn, traceLines } from './replay/simulator/trace-file.ts';
export type { Thing, ThingKind } from './replay/simulator/kernel.ts';
export type { Invariant, Moment, Plants } from './replay/simulator/world.ts';
export {
  whatIf,
  whatIfLines,
  type Change,
  type WhatIfFault,
  type WhatIfRun
} from './replay/what-if/what-if.ts';
export { toTest } from './replay/to-test.ts';
export { divergenceLines, reportLines, stateText } from './replay/report.ts';
export type { Place } from './replay/source.ts';
export { VERDICTS, type Judgement, type Verdict } from './replay/verdict.ts';
export type { StoredRecord } from './store/store.ts';
