import type { Command } from 'commander';
import type { Inspector } from '../index.ts';
import { parsePort } from './inspector-input.ts';
import { formatOption, mooringOptions, refuseHost } from './options.ts';
import type { Session } from './session.ts';

interface InspectorCommandOptions {
  readonly port?: number;
  readonly allowSend?: true;
  readonly stately?: string;
  readonly format: string;
}

/** `inspector` */
export function addInspectorCommand(program: Command, session: Session): void {
  program
    .command('inspector')
    .description(
      'show charts, journals and the kernel on a page of this machine, until interrupted'
    )
    .option('--port <port>', 'port of 127.0.0.1; default: one that is free', parsePort)
    .option('--allow-send', 'let the page send commands to containers')
    .option('--stately <url>', "send every event in Stately's format to this WebSocket")
    .addOption(formatOption('text', 'json'))
    .action((options: InspectorCommandOptions, command: Command) =>
      inspector(session, command, options)
    );
}

async function inspector(
  session: Session,
  command: Command,
  { port, allowSend, stately, format }: InspectorCommandOptions
): Promise<void> {
  refuseHost(command);
  const library = await session.deps.library();
  // An address is used after it was told, so by then it runs.
  const tell = (): void => session.print(addressText(running.address(), format));
  const running: Inspector = await library.openInspector({
    ...mooringOptions(command, session.deps.env),
    // A user without root looks from outside of the private host, and changes nothing.
    ...(session.deps.outside && { readOnly: true }),
    ...(port !== undefined && { port }),
    ...(allowSend && { allowSend }),
    ...(stately !== undefined && { stately }),
    onAddressUsed: tell,
    onError: (error) => session.fail(error)
  });
  if (stately !== undefined) {
    session.warn(
      `every event is sent to ${stately}, with its secrets hidden and all else as it is`
    );
  }
  tell();
  await interrupted(session.signal);
  await running.close();
}

/** One line, the same for a page that is opened and for a program that asks by itself. */
function addressText(address: string, format: string): string {
  const [url, code] = address.split('#code=') as [string, string];
  return format === 'json' ? JSON.stringify({ url, code }) : `open ${address}`;
}

// An interrupt is how it is told to end, and no failure.
function interrupted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
