import type { JSX } from 'preact';
import type { Lane } from '../../model/timeline.ts';
import { clockText, lengthText } from '../state/text.ts';
import type { Ref } from '../worker/protocol.ts';

const ROWS_MAX = 500;

/** The timeline for who does not look at pictures. */
export function EffectTable({
  lanes,
  onChoose
}: {
  readonly lanes: readonly Lane[];
  readonly onChoose: (ref: Ref) => void;
}): JSX.Element {
  const rows = lanes
    .flatMap(({ key, effects }) => effects.map((effect) => ({ key, effect })))
    .toSorted((a, b) => a.effect.from - b.effect.from);
  return (
    <table class="effects">
      <thead>
        <tr>
          <th scope="col">Began</th>
          <th scope="col">Actor</th>
          <th scope="col">Effect</th>
          <th scope="col">Took</th>
          <th scope="col">Outcome</th>
          <th scope="col">Run</th>
        </tr>
      </thead>
      <tbody>
        {rows.slice(0, ROWS_MAX).map(({ key, effect }) => {
          const { id, type, subject, from, to, outcome, attempt, seq, answerSeq, spans } = effect;
          const ref =
            answerSeq === null || to === null
              ? { key, seq, time: from }
              : { key, seq: answerSeq, time: to };
          return (
            <tr key={id}>
              <td>{clockText(from)}</td>
              <td>{key}</td>
              <th scope="row">
                <button class="plain" onClick={() => onChoose(ref)}>
                  {type} {subject}
                </button>
              </th>
              <td>{to === null ? 'goes on' : lengthText(to - from)}</td>
              <td>
                {outcome}
                {attempt > 1 ? `, attempt ${attempt}` : ''}
              </td>
              <td>
                {spans
                  .map((span) =>
                    span.kind === 'run'
                      ? `${span.program} ${lengthText(span.tookMs)}`
                      : `waited ${lengthText(span.tookMs)}`
                  )
                  .join(', ')}
              </td>
            </tr>
          );
        })}
      </tbody>
      {rows.length > ROWS_MAX && (
        <caption>
          The first {ROWS_MAX} of {rows.length}
        </caption>
      )}
    </table>
  );
}
