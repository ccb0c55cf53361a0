import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { Session } from '../state/session.ts';
import { useStore } from '../state/store.ts';
import { Dialog } from './dialog.tsx';
import { saveFile } from './save.ts';

/** Saves what is recorded as one file, which opens anywhere. */
export function ExportDialog({
  session,
  onClose
}: {
  readonly session: Session;
  readonly onClose: () => void;
}): JSX.Element {
  const { key } = useStore(session.selection);
  const server = useStore(session.server);
  const [what, setWhat] = useState<'chosen' | 'all'>(key === '' ? 'all' : 'chosen');
  const [state, setState] = useState('');
  const save = async (asPage: boolean): Promise<void> => {
    setState('Gathering');
    try {
      const name = `mooring-${what === 'chosen' ? key.replace('/', '-') : 'recording'}`;
      if (asPage && server !== null)
        saveFile(
          `${name}.html`,
          await server.recording(
            what === 'all' ? null : [key, ...(await session.library.related(key))]
          )
        );
      else saveFile(`${name}.jsonl`, await session.library.lines(what === 'all' ? null : key));
      setState('Saved');
    } catch (error) {
      setState(error instanceof Error ? error.message : String(error));
    }
  };
  return (
    <Dialog title="Save a recording" onClose={onClose}>
      <p>Secrets are hidden in it. Names and addresses are as they are.</p>
      <fieldset>
        <legend>Of</legend>
        <label class="check">
          <input
            type="radio"
            name="what"
            disabled={key === ''}
            checked={what === 'chosen'}
            onChange={() => setWhat('chosen')}
          />
          {key === '' ? 'the chosen actor' : key} and those it has to do with
        </label>
        <label class="check">
          <input
            type="radio"
            name="what"
            checked={what === 'all'}
            onChange={() => setWhat('all')}
          />
          all actors
        </label>
      </fieldset>
      <div class="actions">
        {server !== null && (
          <button class="primary" onClick={() => void save(true)}>
            As a page
          </button>
        )}
        <button onClick={() => void save(false)}>As lines of JSON</button>
      </div>
      <p role="status">{state}</p>
    </Dialog>
  );
}
