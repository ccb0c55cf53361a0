import { isCommand } from '../bus/events.ts';
import type { JournalInvariant, JournalStep } from './judge.ts';

/** What holds of every journal that Mooring has ever written, or should. */
export const JOURNAL_INVARIANTS: readonly JournalInvariant[] = [
  { name: 'answers', watch: answers },
  { name: 'adds', watch: adds },
  { name: 'gone', watch: gone }
];

/** Every fact answers a request that was asked for and has no answer yet. */
function answers(): (step: JournalStep) => string | undefined {
  const open = perLife(() => new Set<string>());
  return (step) => {
    const { event, causation, requests, earlier } = step.record;
    const waiting = open(step);
    // Where the first records are lost, what was asked for is told by the first that is there.
    if (step.before === undefined) {
      for (const { id } of [...requests, ...(earlier ?? [])]) waiting.add(id);
      return undefined;
    }
    const isAnswered = isCommand(event) || (causation !== null && waiting.delete(causation));
    for (const { id } of requests) waiting.add(id);
    return isAnswered ? undefined : `${event.type} answers what nobody waits for`;
  };
}

/** A network is not added again before it was taken away: the CNI specification forbids a second ADD. */
function adds(): (step: JournalStep) => string | undefined {
  const added = perLife(() => new Set<string>());
  return (step) => {
    const names = added(step);
    follow(names, step);
    const again = addsOf(step).find((network) => names.has(network));
    for (const network of addsOf(step)) names.add(network);
    return again === undefined ? undefined : `${again} is added again without a DEL between`;
  };
}

/** A container that is absent has had everything taken away that was added. */
function gone(): (step: JournalStep) => string | undefined {
  const added = perLife(() => new Set<string>());
  return (step) => {
    const names = added(step);
    follow(names, step);
    for (const network of addsOf(step)) names.add(network);
    if (!step.key.startsWith('container/') || step.after.state !== 'absent') return undefined;
    const left = [...names].join(', ');
    return left === '' ? undefined : `absent, and of ${left} no DEL has succeeded`;
  };
}

function addsOf({ record }: JournalStep): readonly string[] {
  return record.requests.flatMap(({ request }) =>
    request.type === 'cni.add' ? [request.attachment.network] : []
  );
}

function follow(added: Set<string>, { record: { event } }: JournalStep): void {
  if (event.type === 'attachment.deleted') added.delete(event.network);
}

function perLife<State>(begin: () => State): (step: JournalStep) => State {
  const lives = new Map<string, State>();
  return ({ key, life }) => {
    const name = `${key} ${life}`;
    const known = lives.get(name) ?? begin();
    lives.set(name, known);
    return known;
  };
}
