import type { Command } from 'commander';
import type { Mooring } from '../index.ts';
import type { Library } from './deps.ts';
import { narrator } from './narration.ts';
import { mooringOptions, type GlobalOptions } from './options.ts';
import type { Session } from './session.ts';

/** The library, opened for one command. */
export interface Opened {
  readonly library: Library;
  readonly mooring: Mooring;
}

/**
 * Opens the library, does the work, and closes it again.
 *
 * An interrupt ends the wait for the work; `close` still waits for what the library has begun.
 *
 * @throws whatever the work throws; an Interrupted when the session was interrupted
 */
export async function withMooring<Result>(
  session: Session,
  command: Command,
  work: (opened: Opened) => Promise<Result>
): Promise<Result> {
  return withAbortableMooring(session, command, (opened) => orInterrupt(session, work(opened)));
}

/** As {@link withMooring}, for work that heeds the session's signal itself and unwinds. */
export async function withAbortableMooring<Result>(
  session: Session,
  command: Command,
  work: (opened: Opened) => Promise<Result>
): Promise<Result> {
  const library = await session.deps.library();
  const options = mooringOptions(command, session.deps.env);
  // What needs more has been run inside of the private host.
  const readOnly = session.deps.outside === undefined ? {} : { readOnly: true };
  const mooring = await library.openMooring({ ...options, ...readOnly });
  try {
    session.signal.throwIfAborted();
    const { host } = command.optsWithGlobals<GlobalOptions>();
    return await work({ library, mooring: host === undefined ? mooring : mooring.hosts.at(host) });
  } finally {
    await mooring.close();
  }
}

/** Shows what is waited for while the work goes on. */
export async function narrated<Result>(
  session: Session,
  { mooring }: Opened,
  first: string,
  work: () => Promise<Result>
): Promise<Result> {
  const narrate = narrator();
  session.progress.start(first);
  const subscription = mooring.events$.subscribe((event) => {
    const line = narrate(event);
    if (line !== undefined) session.progress.say(line);
  });
  try {
    return await work();
  } finally {
    subscription.unsubscribe();
    session.progress.stop();
  }
}

async function orInterrupt<Result>(session: Session, work: Promise<Result>): Promise<Result> {
  const { signal } = session;
  let stopWaiting = (): void => {};
  const interrupted = new Promise<never>((_, reject) => {
    stopWaiting = () => reject(signal.reason as Error);
    if (signal.aborted) stopWaiting();
    signal.addEventListener('abort', stopWaiting);
  });
  try {
    return await Promise.race([work, interrupted]);
  } finally {
    signal.removeEventListener('abort', stopWaiting);
  }
}
