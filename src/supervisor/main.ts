import { closeSync, existsSync, writeSync } from 'node:fs';
import { keepDescriptors } from '../effects/process/descriptors.ts';
import { failureOf, type Failure } from '../model/failure.ts';
import { configOf, markOf } from './config.ts';
import { READY_FD } from './guard.ts';
import { supervise } from './supervise.ts';

// The program that a guard starts. It ends with 0 when there is nothing more to supervise.

const config = configOf(process.env);
const isAwaited = process.env['MOORING_READY'] !== undefined;
process.title = 'mooring-supervisor';
// What it was given is not for the programs it starts.
keepDescriptors();
// A terminal that is closed, and a user who stops a command, mean somebody else.
for (const signal of ['SIGHUP', 'SIGINT', 'SIGPIPE'] as const) process.on(signal, () => undefined);

try {
  if (config.host !== null && !existsSync(markOf(config))) {
    const { buildPrivateHost } = await import('../private-host/build.ts');
    buildPrivateHost(config.host);
  }
  await supervise(config, { onReady: () => tell({ ready: true }) });
} catch (error) {
  tell({ failure: failureOf(error, 'rootless', 'making the private host') });
  process.exitCode = 1;
}

/** One line to whoever started the guard; he may have gone. */
function tell(news: { readonly ready: true } | { readonly failure: Failure }): void {
  if (!isAwaited) return;
  try {
    writeSync(READY_FD, `${JSON.stringify(news)}\n`);
    closeSync(READY_FD);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'EPIPE' && code !== 'EBADF') throw error;
  }
}
