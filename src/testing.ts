// `mooring/testing`: journals as tests.
export { MACHINES, type MachineEntry, type Machines } from './actors/machines.ts';
export type { MooringEvent } from './bus/events.ts';
export type { EffectRequest } from './bus/requests.ts';
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
  replay,
  type ActorReplayed,
  type JournalInput,
  type Replayed,
  type ReplayOptions
} from './replay/replay.ts';
export { actorOf, type TestActor } from './replay/test-actor.ts';
export { toTest } from './replay/to-test.ts';
export { divergenceLines, reportLines, stateText } from './replay/report.ts';
export type { Place } from './replay/source.ts';
export { VERDICTS, type Judgement, type Verdict } from './replay/verdict.ts';
export type { StoredRecord } from './store/store.ts';
