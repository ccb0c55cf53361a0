import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import type { Sandbox } from '../sandbox/sandbox.ts';

/** Runs in the sandbox what needs the netns thread, on the built `dist`. */
export const FIXTURE = fileURLToPath(new URL('./netns.fixture.mjs', import.meta.url));

const nothing = { files: [], mounts: [] };

/**
 * Runs one case, and expects that no thread has moved and that nothing is left of it.
 *
 * @param as a program and arguments to run it under
 * @returns what the case saw
 */
export async function seenBy<Seen>(
  host: Sandbox,
  [name, ...args]: readonly [string, ...string[]],
  options: { readonly as?: readonly string[]; readonly left?: object } = {}
): Promise<Seen> {
  const argv = [...(options.as ?? []), process.execPath, FIXTURE, name, ...args];
  const { code, stdout, stderr } = await host.run(argv);

  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const { seen, ...after } = JSON.parse(stdout) as { seen: Seen };
  expect(after).toEqual({ strangers: [], left: options.left ?? nothing, stillOpen: 0 });
  return seen;
}
