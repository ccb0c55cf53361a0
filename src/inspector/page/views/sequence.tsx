import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { Message, Participant, Sequence } from '../../model/sequence.ts';
import { Empty, Waiting } from '../parts/empty.tsx';
import { VirtualList } from '../parts/virtual-list.tsx';
import type { Session } from '../state/session.ts';
import { useAsked, useStore } from '../state/store.ts';
import { clockText, countText } from '../state/text.ts';

const COLUMN_PX = 148;
const MARGIN_PX = 96;
const ROW_PX = 40;
/** A text may be longer than its arrow. */
const BESIDE_PX = 180;

/** Who told whom what, in the order one led to the other. */
export function SequenceView({ session }: { readonly session: Session }): JSX.Element {
  const { key, at } = useStore(session.selection);
  const { version } = useStore(session.counts);
  const [whole, setWhole] = useState(true);
  const correlation = useAsked(
    async () =>
      whole || at === null
        ? null
        : ((await session.library.detail(at))?.record.correlation ?? null),
    [whole, at?.key, at?.seq, at?.time]
  ).value;
  const asked = useAsked(
    () => session.library.sequence(key, correlation ?? null),
    [key, correlation, version]
  );
  if (key === '') {
    return (
      <Empty title="Choose an actor">
        <p>
          What it was told, what it asked for, and what was answered, between all that had a part in
          it.
        </p>
      </Empty>
    );
  }
  if (asked.value === undefined) return <Waiting what="the sequence" />;
  return (
    <section class="view sequence-view" aria-label="Sequence">
      <div class="toolbar">
        <b>{countText(asked.value.messages.length, 'message')}</b>
        <label class="check">
          <input
            type="checkbox"
            checked={!whole}
            disabled={at === null}
            onChange={({ currentTarget }) => setWhole(!currentTarget.checked)}
          />
          only what followed from the same command
        </label>
      </div>
      {asked.value.messages.length === 0 ? (
        <Empty title="No messages">
          <p>Its journal has not been read yet, or it has none.</p>
        </Empty>
      ) : (
        <Messages session={session} sequence={asked.value} />
      )}
    </section>
  );
}

function Messages({
  session,
  sequence
}: {
  readonly session: Session;
  readonly sequence: Sequence;
}): JSX.Element {
  const { at } = useStore(session.selection);
  const [range, setRange] = useState({ offset: 0, limit: 40 });
  const { participants, messages } = sequence;
  const places = new Map(
    participants.map(({ id }, index) => [id, MARGIN_PX + index * COLUMN_PX + COLUMN_PX / 2])
  );
  const width = MARGIN_PX + participants.length * COLUMN_PX + BESIDE_PX;
  const chosen = messages.findIndex(
    (one) =>
      one.kind !== 'request' && one.key === at?.key && one.seq === at.seq && one.time === at.time
  );
  return (
    <VirtualList
      label="Messages"
      total={messages.length}
      rowHeight={ROW_PX}
      width={width}
      head={<Heads participants={participants} width={width} />}
      window={{
        offset: range.offset,
        items: messages.slice(range.offset, range.offset + range.limit)
      }}
      onWindow={(offset, limit) => setRange({ offset, limit })}
      chosen={chosen}
      shown={chosen}
      onChoose={(index) => {
        const { key, seq, time } = messages[index]!;
        session.select({ at: { key, seq, time }, tab: 'event' });
      }}
      row={(message) => <MessageRow message={message} places={places} width={width} />}
    />
  );
}

function Heads({
  participants,
  width
}: {
  readonly participants: readonly Participant[];
  readonly width: number;
}): JSX.Element {
  return (
    <div class="heads" style={{ width: `${width}px` }}>
      {participants.map(({ id, label, kind }, index) => (
        <span
          key={id}
          class={`head of-${kind}`}
          style={{ left: `${MARGIN_PX + index * COLUMN_PX + 6}px`, width: `${COLUMN_PX - 12}px` }}
        >
          {wrappable(label)}
        </span>
      ))}
    </div>
  );
}

/** A key may be broken behind its kind. */
function wrappable(label: string): readonly (string | JSX.Element)[] {
  const slash = label.indexOf('/');
  if (slash < 0) return [label];
  return [
    <small key="kind">{label.slice(0, slash)}</small>,
    <span key="id">{label.slice(slash + 1)}</span>
  ];
}

interface MessageRowProps {
  readonly message: Message;
  readonly places: ReadonlyMap<string, number>;
  readonly width: number;
}

function MessageRow({ message, places, width }: MessageRowProps): JSX.Element {
  const { from, to, kind, text, failed, time, state } = message;
  const [begin, end] = [places.get(from) ?? 0, places.get(to) ?? 0];
  const left = Math.min(begin, end);
  const length = Math.max(Math.abs(end - begin), 2);
  return (
    <div class={`message ${kind}${failed ? ' failed' : ''}`} style={{ width: `${width}px` }}>
      <time>{clockText(time)}</time>
      {[...places.values()].map((x) => (
        <i key={x} class="lifeline" style={{ left: `${x}px` }} aria-hidden="true" />
      ))}
      <span
        class={`message-arrow ${end < begin ? 'back' : 'forth'}`}
        style={{ left: `${left}px`, width: `${length}px` }}
        aria-hidden="true"
      />
      <span class="message-text" style={{ left: `${left + 8}px` }}>
        <span class="hidden">
          {from.replace('effect:', '')} to {to.replace('effect:', '')}:{' '}
        </span>
        {text}
        {state !== undefined && <small class="message-state">{state}</small>}
      </span>
    </div>
  );
}
