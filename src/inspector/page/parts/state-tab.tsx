import type { JSX } from 'preact';
import { stateText } from '../../model/steps.ts';
import type { Detail } from '../worker/protocol.ts';
import { Part } from './part.tsx';
import { JsonTree, jsonText } from './json.tsx';

/** What an actor remembers after a record, and what of it has changed. */
export function StateTab({ detail }: { readonly detail: Detail }): JSX.Element {
  const { record, step } = detail;
  if (step === null)
    return <p class="muted">Nothing more is known than that it is in {stateText(record.value)}.</p>;
  const { before, after, changes, context, diverged } = step;
  return (
    <>
      <p class="from-to">
        <code>{stateText(before)}</code> <span aria-label="to">→</span>{' '}
        <code>{stateText(after)}</code>
      </p>
      {diverged !== null && <p class="warning">It is told as it was recorded: {diverged}.</p>}
      <Part title="Changed" isEmpty={changes.length === 0}>
        <table class="changes">
          <thead>
            <tr>
              <th scope="col">What</th>
              <th scope="col">Before</th>
              <th scope="col">After</th>
            </tr>
          </thead>
          <tbody>
            {changes.map((change) => (
              <tr key={change.path}>
                <th scope="row">{change.path}</th>
                <td class="before">{jsonText(change.before)}</td>
                <td class="after">{jsonText(change.after)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </Part>
      {context !== null && changes.length === 0 && (
        <p class="muted">It remembers the same as before.</p>
      )}
      <Part title="Remembers" isEmpty={context === null}>
        <JsonTree value={context} depth={1} />
      </Part>
    </>
  );
}
