import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { shortcutsAreOn, SHORTCUTS, turnShortcuts } from '../state/keys.ts';
import { FIELDS } from '../../model/query.ts';
import { Dialog } from './dialog.tsx';

export function HelpDialog({ onClose }: { readonly onClose: () => void }): JSX.Element {
  const [isOn, setOn] = useState(shortcutsAreOn());
  return (
    <Dialog title="Help" onClose={onClose}>
      <h3>Keys</h3>
      <dl class="keys">
        {SHORTCUTS.map(({ keys, text }) => (
          <div key={keys}>
            <dt>
              <kbd>{keys}</kbd>
            </dt>
            <dd>{text}</dd>
          </div>
        ))}
      </dl>
      <label class="check">
        <input
          type="checkbox"
          checked={isOn}
          onChange={({ currentTarget }) => {
            turnShortcuts(currentTarget.checked);
            setOn(currentTarget.checked);
          }}
        />
        use these keys
      </label>
      <h3>Search</h3>
      <p>
        Words that must all be found. A field is <code>name:value</code>, with <code>*</code> for
        anything, commas between alternatives, <code>/regular expressions/</code>, and{' '}
        <code>&gt;</code> or <code>&lt;</code> before a number. A minus in front negates. Anything
        else is looked for in the whole record.
      </p>
      <p>
        Fields:{' '}
        {FIELDS.map((field) => (
          <code key={field}>{field} </code>
        ))}
      </p>
      <h3>Files</h3>
      <p>
        Drop a journal, a recording, or a report of <code>mooring replay --format json</code>{' '}
        anywhere on the page.
      </p>
    </Dialog>
  );
}
