/** A step of an operation failed; the message names the step, its object and the answer. */
export class StepError extends Error {
  override readonly name = 'StepError';
  /** The errno's name, `EACCES`, or a reason of ours, `replaced`. */
  readonly code: string;

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/**
 * Performs one step, and names it when it fails: `mkdir /run/netns: EACCES`.
 *
 * @throws {@link StepError} with the code of what was thrown; one of an inner step as it is
 */
export function step<Result>(doing: string, perform: () => Result): Result {
  try {
    return perform();
  } catch (error) {
    if (error instanceof StepError) throw error;
    const code = (error as { code?: unknown } | null)?.code;
    if (typeof code === 'string') throw new StepError(code, `${doing}: ${code}`, { cause: error });
    throw new StepError('internal', `${doing}: ${String(error)}`, { cause: error });
  }
}
