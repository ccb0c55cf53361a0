import * as v from 'valibot';
import { MooringError, oneLine } from './failure.ts';
import type { JsonObject } from './json.ts';
import type { SlirpForward } from './slirp-forward.ts';

const added = v.object({ return: v.object({ id: v.number() }) });

const entries = v.array(
  v.object({
    id: v.number(),
    proto: v.picklist(['tcp', 'udp']),
    host_addr: v.string(),
    host_port: v.number(),
    guest_addr: v.string(),
    guest_port: v.number()
  })
);

// The manual has the list inside `return`; the program leaves that out.
const listed = v.union([v.object({ entries }), v.object({ return: v.object({ entries }) })]);

/** @throws MooringError `slirp.forwardFailed` with the description that was answered, `slirp.apiFailed` */
export function parseReply(text: string): JsonObject {
  let reply: unknown;
  try {
    reply = JSON.parse(text);
  } catch {
    throw strange(text);
  }
  if (typeof reply !== 'object' || reply === null || Array.isArray(reply)) throw strange(text);
  const { error } = reply as { error?: { desc?: unknown } | null };
  if (error === undefined) return reply as JsonObject;
  const reason = typeof error?.desc === 'string' ? error.desc : JSON.stringify(error);
  throw new MooringError(
    'slirp.forwardFailed',
    `error from slirp4netns while setting up port redirection: ${oneLine(reason)}`
  );
}

/** @returns the id of the forward that was added */
export function forwardIn(reply: JsonObject, what: string): number {
  const parsed = v.safeParse(added, reply);
  if (parsed.success) return parsed.output.return.id;
  throw strange(`${JSON.stringify(reply)} for ${what}`);
}

export function listIn(reply: JsonObject): readonly (SlirpForward & { readonly id: number })[] {
  const parsed = v.safeParse(listed, reply);
  if (!parsed.success) throw strange(JSON.stringify(reply));
  const list = 'entries' in parsed.output ? parsed.output.entries : parsed.output.return.entries;
  return list.map(({ id, proto, host_addr, host_port, guest_addr, guest_port }) => ({
    id,
    protocol: proto,
    hostAddress: host_addr,
    hostPort: host_port,
    guestAddress: guest_addr,
    guestPort: guest_port
  }));
}

function strange(text: string): MooringError {
  return new MooringError(
    'slirp.apiFailed',
    `answer of slirp4netns can't be understood: ${oneLine(text).slice(0, 200)}`
  );
}
