import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { idOf, kindOf } from '../../model/records.ts';
import type { SendBody } from '../state/server.ts';
import type { Session } from '../state/session.ts';
import { useStore } from '../state/store.ts';
import { Dialog } from './dialog.tsx';
import { Icon } from './icons.tsx';

const COMMANDS: readonly (readonly [string, string])[] = [
  ['repair', 'puts back what can be put back without taking anything away'],
  ['reload', 'makes the kernel hold what is recorded; traffic may stop for a moment'],
  ['refresh', 'writes its files again'],
  ['start', 'brings it up with what is known of it'],
  ['retry', 'takes up a teardown that is stuck'],
  ['connect', 'attaches one network more'],
  ['disconnect', 'takes one network away'],
  ['down', 'takes its network away']
];

/** Sends a command to the chosen container, where that was allowed when the inspector was started. */
export function Send({ session }: { readonly session: Session }): JSX.Element | null {
  const about = useStore(session.about);
  const { key } = useStore(session.selection);
  const [isOpen, setOpen] = useState(false);
  if (about?.sends !== true || kindOf(key) !== 'container' || key === '') return null;
  return (
    <>
      <button onClick={() => setOpen(true)}>
        <Icon name="send" /> Send
      </button>
      {isOpen && (
        <SendDialog session={session} container={idOf(key)} onClose={() => setOpen(false)} />
      )}
    </>
  );
}

interface SendDialogProps {
  readonly session: Session;
  readonly container: string;
  readonly onClose: () => void;
}

interface Answer {
  readonly text: string;
  readonly isBad: boolean;
}

function SendDialog({ session, container, onClose }: SendDialogProps): JSX.Element {
  const [command, setCommand] = useState('repair');
  const [network, setNetwork] = useState('');
  const [confirm, setConfirm] = useState('');
  const [answer, setAnswer] = useState<Answer | null>(null);
  const [isSending, setSending] = useState(false);
  const takesNetwork = command === 'connect' || command === 'disconnect';
  const options = { connect: { name: network }, disconnect: { network } }[command] ?? {};
  const send = async (): Promise<void> => {
    setSending(true);
    setAnswer(await sent(session, { container, command, confirm, options }));
    setConfirm('');
    setSending(false);
  };
  return (
    <Dialog title={`Send to ${container}`} onClose={onClose}>
      <form
        class="send"
        onSubmit={(event) => {
          event.preventDefault();
          void send();
        }}
      >
        <CommandChoice command={command} onCommand={setCommand} />
        {takesNetwork && (
          <label class="field">
            Network
            <input
              required
              value={network}
              onInput={({ currentTarget }) => setNetwork(currentTarget.value)}
            />
          </label>
        )}
        <label class="field">
          Type the name of the container to confirm
          <input
            autocomplete="off"
            placeholder={container}
            value={confirm}
            onInput={({ currentTarget }) => setConfirm(currentTarget.value)}
          />
        </label>
        <button class="primary" disabled={confirm !== container || isSending}>
          {isSending ? 'Sending' : `Send ${command}`}
        </button>
        <p role="status" class={answer?.isBad ? 'fault' : 'agree'}>
          {answer?.text}
        </p>
      </form>
    </Dialog>
  );
}

async function sent({ server }: Session, body: SendBody): Promise<Answer> {
  try {
    const { taken, correlation } = await server.get()!.send(body);
    return taken
      ? { text: `Taken, and in the journal as ${correlation}.`, isBad: false }
      : { text: 'Not taken: it means nothing to the container as it is now.', isBad: true };
  } catch (error) {
    return { text: error instanceof Error ? error.message : String(error), isBad: true };
  }
}

interface CommandChoiceProps {
  readonly command: string;
  readonly onCommand: (command: string) => void;
}

function CommandChoice({ command, onCommand }: CommandChoiceProps): JSX.Element {
  return (
    <>
      <label class="field">
        Command
        <select value={command} onChange={({ currentTarget }) => onCommand(currentTarget.value)}>
          {COMMANDS.map(([name]) => (
            <option key={name}>{name}</option>
          ))}
        </select>
      </label>
      <p class="muted">It {COMMANDS.find(([name]) => name === command)?.[1]}.</p>
    </>
  );
}
