/** What went wrong, as data: safe to journal, to show, and to match on. */
export interface Failure {
  /** `area.reason`, stable and greppable: `cni.11`, `netns.EPERM`, `port.inUse`. */
  readonly code: string;
  /** One line without a trailing stop: what was being done, to what, and what was answered. */
  readonly message: string;
}

/** Code of a request whose process died at it: nobody knows how far it came. */
export const INTERRUPTED = 'mooring.interrupted';

/**
 * A failure thrown to a caller of the library.
 *
 * `code` is the stable part; the message may be reworded between versions.
 */
export class MooringError extends Error {
  override readonly name = 'MooringError';
  readonly code: string;

  constructor(code: string, message: string, options?: { cause?: unknown }) {
    super(oneLine(message), options);
    this.code = code;
  }

  get failure(): Failure {
    return { code: this.code, message: this.message };
  }
}

export function errorOf({ code, message }: Failure, cause?: unknown): MooringError {
  return new MooringError(code, message, cause === undefined ? undefined : { cause });
}

/**
 * Any thrown value as a failure.
 *
 * @param area used when the error carries no code of ours: `netns` and `EPERM` give `netns.EPERM`
 * @param doing what was being done, put in front of the message
 */
export function failureOf(error: unknown, area: string, doing?: string): Failure {
  const reason = error instanceof Error ? error.message : String(error);
  const message = oneLine(doing === undefined ? reason : `${doing}: ${reason}`);
  if (error instanceof MooringError) return { code: error.code, message };
  const code = (error as { code?: unknown } | null)?.code;
  return { code: `${area}.${typeof code === 'string' ? code : 'internal'}`, message };
}

/** A message fit for one line of a terminal and of a journal: control characters become spaces. */
export function oneLine(text: string): string {
  // eslint-disable-next-line no-control-regex -- control characters are what it removes
  return text.replace(/[\u0000-\u001f\u007f\u0085\u2028\u2029]+/g, ' ').trim();
}
