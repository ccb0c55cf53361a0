import { fileURLToPath } from 'node:url';
import type { Background } from './background.ts';
import type { Ran } from './process.ts';
import type { Sandbox } from './sandbox.ts';

/** One end of a conversation. */
export interface Endpoint {
  /** Path of a netns; absent: the sandbox's own. */
  readonly netns?: string;
  readonly protocol: 'tcp' | 'udp';
  /** `127.0.0.1`; a server's default is every IPv4 address. */
  readonly address?: string;
  readonly port: number;
}

/** Starts a server that echoes; it listens when this resolves, and prints `from <address>`. */
export async function serve(host: Sandbox, at: Endpoint): Promise<Background> {
  const place = [at.protocol, String(at.port), ...(at.address === undefined ? [] : [at.address])];
  const server = await host.start([...within(at), process.execPath, ECHO_SERVER, ...place]);
  await server.line(/^listening$/);
  return server;
}

/** Sends a message; `stdout` is the answer and `code` 0, or `stderr` says why there is none. */
export function ask(
  host: Sandbox,
  to: Endpoint & { readonly address: string },
  message: string,
  timeoutMs = 5000
): Promise<Ran> {
  const place = [to.protocol, to.address, String(to.port), message, String(timeoutMs)];
  return host.run([...within(to), process.execPath, ASK, ...place]);
}

const ECHO_SERVER = fileURLToPath(new URL('echo-server.mjs', import.meta.url));
const ASK = fileURLToPath(new URL('ask.mjs', import.meta.url));

function within({ netns }: Endpoint): string[] {
  return netns === undefined ? [] : ['nsenter', `--net=${netns}`, '--'];
}
