import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { Candidate } from '../../../machines/candidates.ts';
import { idOf, kindOf } from '../../model/records.ts';
import type { Session } from '../state/session.ts';
import { useStore } from '../state/store.ts';
import type { Ref } from '../worker/protocol.ts';
import { Candidates } from './candidates.tsx';
import { Part } from './part.tsx';

/** What another event would do after a record; nothing is sent. */
export function WhatIf({
  at,
  session
}: {
  readonly at: Ref;
  readonly session: Session;
}): JSX.Element | null {
  const charts = useStore(session.charts);
  const kind = kindOf(at.key);
  const structure = charts?.machines.find((machine) => machine.kind === kind)?.structure;
  const types = [
    ...new Set(structure?.states.flatMap(({ on }) => on.map(({ event }) => event)))
  ].sort();
  if (types.length === 0) return null;
  return <Try key={at.key} at={at} session={session} types={types} />;
}

interface TryProps {
  readonly at: Ref;
  readonly session: Session;
  readonly types: readonly string[];
}

function Try({ at, session, types }: TryProps): JSX.Element {
  const [type, setType] = useState(types[0]!);
  const [text, setText] = useState(eventText(types[0]!, at.key));
  const [found, setFound] = useState<readonly Candidate[] | string | null>(null);
  const ask = async (): Promise<void> => {
    try {
      setFound(await session.library.whatIf(at, text));
    } catch (error) {
      setFound(error instanceof Error ? error.message : String(error));
    }
  };
  return (
    <Part title="What if">
      <p class="muted">
        What another event would do next. It is tried on the chart alone, and sent to nobody.
      </p>
      <label class="field">
        Event
        <select
          value={type}
          onChange={({ currentTarget: { value } }) => {
            setType(value);
            setText(eventText(value, at.key));
          }}
        >
          {types.map((one) => (
            <option key={one}>{one}</option>
          ))}
        </select>
      </label>
      <label class="field">
        As JSON
        <textarea
          rows={3}
          spellcheck={false}
          value={text}
          onInput={({ currentTarget }) => setText(currentTarget.value)}
        />
      </label>
      <button onClick={() => void ask()}>Try it</button>
      {typeof found === 'string' && <p class="fault">{found}</p>}
      {found !== null && typeof found !== 'string' && <Candidates list={found} isKnown />}
    </Part>
  );
}

function eventText(type: string, key: string): string {
  return JSON.stringify({ type, [kindOf(key)]: idOf(key) });
}
