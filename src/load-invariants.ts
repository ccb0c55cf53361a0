import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { MooringError } from './model/failure.ts';
import type { JournalInvariant } from './replay/judge.ts';

/**
 * What a module of the user's own exports as `invariants`.
 *
 * @throws MooringError `journal.badInvariants`
 */
export async function loadInvariants(module: string): Promise<readonly JournalInvariant[]> {
  const path = resolve(module);
  let found: { readonly invariants?: unknown };
  try {
    found = (await import(pathToFileURL(path).href)) as typeof found;
  } catch (error) {
    const [reason = ''] = (error instanceof Error ? error.message : String(error)).split('\n');
    throw bad(`loading ${path}: ${reason}`);
  }
  const { invariants } = found;
  if (Array.isArray(invariants) && invariants.every(isInvariant)) return invariants;
  throw bad(`${path} exports no list \`invariants\` of { name, watch }`);
}

function isInvariant(one: unknown): one is JournalInvariant {
  const { name, watch } = (one ?? {}) as Partial<JournalInvariant>;
  return typeof name === 'string' && typeof watch === 'function';
}

function bad(message: string): MooringError {
  return new MooringError('journal.badInvariants', message);
}
