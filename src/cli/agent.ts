import type { Command } from 'commander';
import { mooringOptions, refuseHost } from './options.ts';
import type { Session } from './session.ts';

/** `agent` */
export function addAgentCommand(program: Command, session: Session): void {
  program
    .command('agent')
    .description('watch the host until interrupted, and put right what others take away')
    .action((_options: object, command: Command) => agent(session, command));
}

async function agent(session: Session, command: Command): Promise<void> {
  refuseHost(command);
  const { env } = session.deps;
  const library = await session.deps.library();
  const socket = env['NOTIFY_SOCKET'];
  const tell = (state: string) => {
    if (socket) library.notify(socket, state);
  };
  // Rules that are gone are to be back in a moment, however much others compute.
  session.deps.hurry();
  const running = await library.openAgent(mooringOptions(command, env));
  session.print('watching');
  tell('READY=1');
  await interrupted(session.signal);
  tell('STOPPING=1');
  await running.close();
}

// An interrupt is how a service is told to end, and no failure.
function interrupted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
