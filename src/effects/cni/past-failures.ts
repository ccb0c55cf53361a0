import { failureOf, MooringError } from '../../model/failure.ts';

/** Does it now, and gives or throws what came of it when it is asked for. */
export function tried<Value>(work: () => Value): () => Value {
  try {
    const value = work();
    return () => value;
  } catch (error) {
    return () => {
      throw error;
    };
  }
}

/** Notes what it throws. */
export async function attempt(errors: unknown[], work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch (error) {
    errors.push(error);
  }
}

/** One error for several: the code of the first, the reasons of all. */
export function joined(errors: readonly unknown[]): MooringError {
  const failures = errors.map((error) => failureOf(error, 'cni'));
  const message = failures.map(({ message }) => message).join('; ');
  return new MooringError(failures[0]!.code, message, { cause: errors[0] });
}
