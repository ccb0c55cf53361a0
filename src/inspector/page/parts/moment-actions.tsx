import type { JSX } from 'preact';
import { fragmentOf } from '../state/selection.ts';
import type { Session } from '../state/session.ts';
import type { Ref } from '../worker/protocol.ts';
import { Icon } from './icons.tsx';
import { saveFile } from './save.ts';

/** What can be done with the moment after a record. */
export function MomentActions({
  at,
  session
}: {
  readonly at: Ref;
  readonly session: Session;
}): JSX.Element {
  return (
    <div class="actions">
      <button onClick={() => void copyLink(at, session)}>
        <Icon name="link" /> Copy link
      </button>
      <button onClick={() => void saveTest(at, session)}>
        <Icon name="test" /> Save as a test
      </button>
      <button onClick={() => session.select({ at, view: 'log' })}>
        <Icon name="log" /> In the log
      </button>
    </div>
  );
}

async function copyLink(at: Ref, { selection, notice }: Session): Promise<void> {
  const fragment = fragmentOf({ ...selection.get(), at });
  const address = `${location.origin}${location.pathname}#${fragment}`;
  try {
    await navigator.clipboard.writeText(address);
    notice.set('The address of this moment is copied');
  } catch {
    notice.set(`The browser does not let it be copied: ${address}`);
  }
}

async function saveTest(at: Ref, { library, notice }: Session): Promise<void> {
  try {
    const text = await library.test(at);
    saveFile(`${at.key.replace('/', '-')}-${at.seq}.test.js`, new Blob([text]));
    notice.set('The moment is saved as a vitest test');
  } catch (error) {
    notice.set(error instanceof Error ? error.message : String(error));
  }
}
