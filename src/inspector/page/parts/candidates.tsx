import type { JSX } from 'preact';
import type { Candidate } from '../../../machines/candidates.ts';
import { jsonText } from './json.tsx';

const ANSWERS: Readonly<Record<Candidate['answer'], string>> = {
  taken: 'taken',
  refused: 'guard says no',
  unasked: 'not asked',
  failed: 'guard threw'
};

/** Every transition that was tried for an event, in the order they were. */
export function Candidates({
  list,
  isKnown
}: {
  readonly list: readonly Candidate[];
  readonly isKnown: boolean;
}): JSX.Element | null {
  if (list.length > 0) {
    return (
      <ol class="candidates">
        {list.map((candidate) => (
          <OneCandidate key={`${candidate.source} ${candidate.index}`} candidate={candidate} />
        ))}
      </ol>
    );
  }
  if (!isKnown) return null;
  return <p class="none">No state that is active has a transition for it: nothing happens.</p>;
}

function OneCandidate({ candidate }: { readonly candidate: Candidate }): JSX.Element {
  const { source, answer, targets, guard, params, thrown, read } = candidate;
  return (
    <li class={answer}>
      <div class="candidate-head">
        <code>{source}</code>
        <span class={`badge ${answer}`}>{ANSWERS[answer]}</span>
      </div>
      <p>
        {targets.length === 0 ? 'stays' : `to ${targets.join(', ')}`}
        {guard !== null && (
          <>
            {' '}
            if <code>{guard}</code>
            {params !== undefined && <> of {jsonText(params)}</>}
          </>
        )}
      </p>
      {thrown !== undefined && <p class="fault">{thrown}</p>}
      <dl class="read">
        {Object.entries(read).map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{jsonText(value)}</dd>
          </div>
        ))}
      </dl>
    </li>
  );
}
