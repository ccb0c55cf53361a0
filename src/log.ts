import { pino, type Logger } from 'pino';
import type { MooringOptions } from './api.ts';
import { MooringError } from './model/failure.ts';

const LEVELS: readonly string[] = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'];

/**
 * Logs as JSON lines on stderr, one process one stream.
 *
 * @throws MooringError `mooring.badOption`
 */
export function openLog({ logger, logLevel = 'warn' }: MooringOptions): Logger {
  if (logger) return logger;
  if (!LEVELS.includes(logLevel)) {
    throw new MooringError(
      'mooring.badOption',
      `log level ${JSON.stringify(logLevel)} must be one of ${LEVELS.join(', ')}`
    );
  }
  // Synchronous, so that what was logged before a crash is there after it.
  return pino({ name: 'mooring', level: logLevel }, pino.destination({ dest: 2, sync: true }));
}
