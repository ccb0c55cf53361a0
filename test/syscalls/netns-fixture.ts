import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import { asNobody, type Sandbox } from '../sandbox/sandbox.ts';

/** Runs in the sandbox what needs the netns thread, on the built `dist`. */
export const FIXTURE = fileURLToPath(new URL('./netns.fixture.mjs', import.meta.url));

const nothing = { files: [], mounts: [] };

/**
 * Runs one case, and expects that no thread has moved and that nothing is left of it.
 *
 * @param options.as runs it as a user who may do nothing but what anybody may
 * @returns what the case saw
 */
export async function seenBy<Seen>(
  host: Sandbox,
  [name, ...args]: readonly [string, ...string[]],
  options: { readonly as?: 'nobody'; readonly left?: object } = {}
): Promise<Seen> {
  const argv = [process.execPath, FIXTURE, name, ...args];
  const { code, stdout, stderr } = await host.run(options.as ? asNobody(argv) : argv);

  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const { seen, ...after } = JSON.parse(stdout) as { seen: Seen };
  expect(after).toEqual({ strangers: [], left: options.left ?? nothing, stillOpen: 0 });
  return seen;
}
