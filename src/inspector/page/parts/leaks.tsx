import type { JSX } from 'preact';
import type { Session } from '../state/session.ts';
import type { Server } from '../state/server.ts';
import { useAsked } from '../state/store.ts';
import { Waiting } from './empty.tsx';

/** What is left on the host although its owner is gone, and which step made it. */
export function Leaks({
  session,
  server
}: {
  readonly session: Session;
  readonly server: Server;
}): JSX.Element {
  const asked = useAsked(() => server.leaks(), [server]);
  if (asked.error !== undefined) return <p class="fault">{asked.error}</p>;
  if (asked.value === undefined) return <Waiting what="what is left over" />;
  if (asked.value.length === 0)
    return (
      <p class="agree">Nothing is left over: everything on this host has an owner that knows it.</p>
    );
  return (
    <div class="scroll-x" tabIndex={0} role="group" aria-label="What is left over">
      <table class="leaks">
        <caption>
          <code>mooring gc</code> removes what has no reason to stay
        </caption>
        <thead>
          <tr>
            <th scope="col">Kind</th>
            <th scope="col">Thing</th>
            <th scope="col">Of</th>
            <th scope="col">Made by</th>
            <th scope="col">Stays because</th>
          </tr>
        </thead>
        <tbody>
          {asked.value.map(({ kind, object, owner, step, reason }) => (
            <tr key={`${kind} ${owner} ${object}`}>
              <td>{kind}</td>
              <th scope="row">{object}</th>
              <td>{owner}</td>
              <td>
                {step === null ? (
                  'no record of it'
                ) : (
                  <button
                    class="plain"
                    onClick={() =>
                      session.select({ key: step.key, view: 'log', query: `asks:${step.request}` })
                    }
                  >
                    {step.request}, record {step.seq}
                  </button>
                )}
              </td>
              <td>{reason ?? '–'}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
