import { createRequire } from 'node:module';
import type { Logger } from 'pino';
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
  return onFirstLine(logLevel);
}

/** pino takes 20 ms to load, and most processes write no line. */
function onFirstLine(level: string): Logger {
  let opened: Logger | undefined;
  const log = new Proxy<object>(
    {},
    {
      get(_, name) {
        if (isBelow(name, level)) return () => undefined;
        opened ??= open(level);
        const value: unknown = Reflect.get(opened, name);
        return typeof value === 'function' ? (value.bind(opened) as unknown) : value;
      }
    }
  );
  return log as Logger;
}

function isBelow(name: string | symbol, level: string): boolean {
  return LEVELS.indexOf(name as string) > LEVELS.indexOf(level);
}

function open(level: string): Logger {
  const require = createRequire(import.meta.url);
  const { pino } = require('pino') as typeof import('pino');
  // Synchronous, so that what was logged before a crash is there after it.
  return pino({ name: 'mooring', level }, pino.destination({ dest: 2, sync: true }));
}
