import { CommanderError } from 'commander';
import type { Interrupt } from './deps.ts';

export const EXIT = { notFound: 1, inUse: 2, failed: 125 } as const;

const SIGNAL_EXIT = { SIGINT: 130, SIGTERM: 143 } as const;

/** A mistake in the arguments, or a refusal that the library knows nothing of. */
export class CliError extends Error {
  override readonly name = 'CliError';
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/** The reason with which a command's signal aborts. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted';
  readonly by: Interrupt;

  constructor(by: Interrupt) {
    super(`interrupted by ${by}`);
    this.by = by;
  }
}

export function usage(message: string): CliError {
  return new CliError('cli.usage', message);
}

/** The exit code that an error asks for: 0, 1 (network unknown), 2 (in use), 125, 130, 143. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT.failed;
  if (error instanceof Interrupted) return error.by === 'EPIPE' ? 0 : SIGNAL_EXIT[error.by];
  const code = codeOf(error);
  if (code === 'network.notFound') return EXIT.notFound;
  return code === 'network.inUse' ? EXIT.inUse : EXIT.failed;
}

/**
 * What to tell the user, in one line.
 *
 * @returns `undefined` when there is nothing to tell: help was asked for, or nobody reads
 */
export function messageOf(error: unknown): string | undefined {
  if (error instanceof CommanderError) return usageMessage(error);
  if (error instanceof Interrupted && error.by === 'EPIPE') return undefined;
  if (isInternal(error)) return visible(`internal: ${textOf(error)}`);
  return visible(textOf(error));
}

/** Whether it is a mistake of the program rather than of its user or the host. */
export function isInternal(error: unknown): boolean {
  const expected = ['MooringError', 'CliError', 'Interrupted', 'CommanderError'];
  return !(error instanceof Error && expected.includes(error.name));
}

/** The stable code of an error of the library or of the command line. */
export function codeOf(error: unknown): string | undefined {
  if (isInternal(error)) return undefined;
  const { code } = error as { code?: unknown };
  return typeof code === 'string' ? code : undefined;
}

/** Text from outside, made fit for one line of a terminal. */
export function visible(text: string): string {
  // eslint-disable-next-line no-control-regex -- control characters are what it removes
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, ' ').trim();
}

function usageMessage(error: CommanderError): string | undefined {
  if (error.exitCode === 0) return undefined;
  if (error.code === 'commander.help') return 'no command is given, see mooring --help';
  return visible(error.message.replace(/^error: /, ''));
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
