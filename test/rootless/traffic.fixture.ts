import type { Background } from '../sandbox/background.ts';
import type { Ran } from '../sandbox/process.ts';
import type { Endpoint } from '../sandbox/traffic.ts';
import { NODE, SEEN_AT } from '../sandbox/sandbox.ts';
import { type User } from '../sandbox/user.ts';

/** Starts a server that echoes in a container of the user's; it prints `from <address>`. */
export async function serveIn(
  user: User,
  container: string,
  { protocol, port, address }: Endpoint
): Promise<Background> {
  const place = [protocol, String(port), ...(address === undefined ? [] : [address])];
  const server = await user.start(
    user.command('exec', container, '--', NODE, `${SEEN_AT}/test/sandbox/echo-server.mjs`, ...place)
  );
  await server.line(/^listening$/);
  return server;
}

/** Asks from a container of the user's; `stdout` is the answer, or `stderr` says why there is none. */
export function askIn(
  user: User,
  container: string,
  { protocol, address, port }: Endpoint & { readonly address: string },
  message = 'hello'
): Promise<Ran> {
  const place = [protocol, address, String(port), message, '5000'];
  return user.mooring('exec', container, '--', NODE, `${SEEN_AT}/test/sandbox/ask.mjs`, ...place);
}

/** Ends a server, and what it was started by. */
export async function end(server: Background): Promise<void> {
  await server.kill('SIGTERM');
  await server.done;
}
