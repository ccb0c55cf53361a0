import { isCommand } from '../../bus/events.ts';
import { failureIn, type Recorded } from './records.ts';
import { stateText } from './steps.ts';
import { subjectOf } from './timeline.ts';

/** Who sends or takes a message: an actor by its key, the caller, or a kind of effect. */
export interface Participant {
  /** `container/web`, `caller`, `effect:cni` */
  readonly id: string;
  readonly label: string;
  readonly kind: 'caller' | 'actor' | 'effect';
}

export interface Message {
  readonly from: string;
  readonly to: string;
  readonly kind: 'command' | 'request' | 'fact';
  /** `cni.add front` */
  readonly text: string;
  readonly failed: boolean;
  /** Milliseconds since the epoch. */
  readonly time: number;
  /** The record that has it. */
  readonly key: string;
  readonly seq: number;
  /** State that the actor is in afterwards; absent for a request. */
  readonly state?: string;
}

export interface Sequence {
  /** In the order they first take part, effects last. */
  readonly participants: readonly Participant[];
  readonly messages: readonly Message[];
}

export const CALLER = 'caller';

/** @param records in the order they were committed */
export function sequenceOf(records: readonly Recorded[]): Sequence {
  // By the id of a request: who asked, and which kind of effect it went to.
  const asked = new Map<string, { readonly key: string; readonly effect: string }>();
  const messages: Message[] = [];
  for (const record of records) {
    messages.push(told(record, asked));
    for (const outstanding of record.requests) {
      const effect = effectOf(outstanding.request.type);
      asked.set(outstanding.id, { key: record.key, effect });
      messages.push(request(record, outstanding.request, effect));
    }
  }
  return { participants: participantsIn(messages), messages };
}

type Asked = ReadonlyMap<string, { readonly key: string; readonly effect: string }>;

function told(record: Recorded, asked: Asked): Message {
  const { key, seq, time, event, causation, value } = record;
  const cause = causation === null ? undefined : asked.get(causation);
  // What answers a request comes from where that went; a command that it led to from who asked.
  const from =
    cause === undefined
      ? isCommand(event)
        ? CALLER
        : effectOf(event.type)
      : sender(cause, record);
  return {
    from,
    to: key,
    kind: isCommand(event) ? 'command' : 'fact',
    text: textOf(event),
    failed: failureIn(record) !== undefined,
    ...{ time, key, seq, state: stateText(value) }
  };
}

function sender(
  cause: { readonly key: string; readonly effect: string },
  record: Recorded
): string {
  return cause.key === record.key && !isCommand(record.event) ? cause.effect : cause.key;
}

function request(
  { key, seq, time }: Recorded,
  asked: { readonly type: string },
  to: string
): Message {
  return { from: key, to, kind: 'request', text: textOf(asked), failed: false, time, key, seq };
}

function textOf(event: { readonly type: string }): string {
  const subject = subjectOf(event);
  return subject === '' ? event.type : `${event.type} ${subject}`;
}

/** `effect:cni` of `cni.add`: handlers are gathered by the first word. */
function effectOf(type: string): string {
  return `effect:${type.split('.')[0]!}`;
}

function participantsIn(messages: readonly Message[]): readonly Participant[] {
  const ids = new Set(messages.flatMap(({ from, to }) => [from, to]));
  const all = [...ids].map(participantOf);
  const rank = { caller: 0, actor: 1, effect: 2 };
  return all.toSorted((a, b) => rank[a.kind] - rank[b.kind]);
}

function participantOf(id: string): Participant {
  if (id === CALLER) return { id, label: 'caller', kind: 'caller' };
  if (id.startsWith('effect:')) return { id, label: id.slice('effect:'.length), kind: 'effect' };
  return { id, label: id, kind: 'actor' };
}
