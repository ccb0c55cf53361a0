import * as v from 'valibot';

/**
 * The namespaces in which Mooring is root for a user who is not.
 *
 * One for each state directory: users, mounts and network of its own. It is there while something
 * is up, or a command is at work in it.
 */
export interface PrivateHost {
  /** Of this one; the next one of the same directory has another. */
  readonly id: string;
  /** State directory. */
  readonly root: string;
  /** Where its state is kept, as of the option `store`. */
  readonly store: string;
  /** Conflists that are used when nothing else is said. */
  readonly confDir: string;
  /** Directory of its socket, on the host. */
  readonly runDir: string;
}

const fields = v.object({
  id: v.string(),
  root: v.string(),
  store: v.string(),
  confDir: v.string(),
  runDir: v.string()
});

/** @returns `undefined` when it is no such record */
export function parsePrivateHost(text: string): PrivateHost | undefined {
  const parsed = v.safeParse(fields, parsedJson(text));
  return parsed.success ? parsed.output : undefined;
}

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
