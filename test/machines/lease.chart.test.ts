import { leaseMachine, type LeaseContext, type LeaseEvent } from '../../src/machines/lease.ts';
import { coversChart } from './coverage.ts';
import { failure } from './samples.ts';

const events: readonly LeaseEvent[] = [
  { type: 'lease.granted', token: 7, forMs: 7_000 },
  { type: 'lease.taken', holder: 'process 4711', forMs: 300, queued: true },
  { type: 'lease.taken', holder: 'process 4711', forMs: 300, queued: false },
  { type: 'lease.askFailed', failure },
  { type: 'lease.freed' },
  { type: 'lease.withdraw', failure },
  { type: 'lease.renewed', forMs: 7_000 },
  { type: 'lease.renewFailed' },
  { type: 'lease.superseded', failure },
  { type: 'lease.release' },
  { type: 'lease.released' },
  { type: 'timer.patience' },
  { type: 'timer.retry' },
  { type: 'timer.renewal' },
  { type: 'timer.margin' }
];

// The others are answered in any case, or not at all.
const REFUSALS: ReadonlyMap<string, string> = new Map([
  ['lease.ask', 'lease.askFailed'],
  ['lease.renew', 'lease.renewFailed']
]);

coversChart<LeaseEvent>({
  machine: leaseMachine,
  input: { key: 'container/web', timeoutMs: 5_000, renewMs: 2_000 },
  events,
  essence: ({ token, holder, freed }: LeaseContext) => ({ token, holder, freed }),
  refusalOf: ({ type }) => REFUSALS.get(type)
});
