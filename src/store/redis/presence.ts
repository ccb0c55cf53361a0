import { isJsonObject } from '../../model/json.ts';
import type { HostStatus } from '../cluster.ts';
import type { Connection } from './connection.ts';
import { hostKeys, sharedKeys, type HostKeys } from './keys.ts';
import { PRESENCE } from './scripts/orders.ts';

/** Of the time that an agent counts as alive, after which it says so again. */
const RENEW_SHARE = 0.3;

/**
 * Says that this host has an agent, again and again until it is closed.
 *
 * @param onTrouble told when it could not be said
 */
export async function announce(
  connection: Connection,
  keys: HostKeys,
  onTrouble: (error: unknown) => void
): Promise<{ close(): Promise<void> }> {
  const { leaseMs } = connection.address;
  const text = JSON.stringify({ v: 1, pid: process.pid, since: Date.now() });
  const say = (forMs: number) =>
    connection.run(PRESENCE, { keys: [keys.agent], args: [text, forMs] }, { doing: SAYING });
  const again = () => void say(leaseMs).catch(onTrouble);
  await say(leaseMs);
  const timer = setInterval(again, leaseMs * RENEW_SHARE);
  const stopWatching = connection.onReady(again);
  return {
    async close() {
      clearInterval(timer);
      stopWatching();
      // It is forgotten by itself when that can't be said.
      await say(0).catch(() => undefined);
    }
  };
}

const SAYING = 'saying that the agent is alive';

/** Puts a host on the list of all. */
export async function registerHost(connection: Connection, host: string): Promise<void> {
  const { hosts, hostsNews } = sharedKeys(connection.address.prefix);
  const doing = `adding host ${host}`;
  const added = await connection.call((client) => client.sadd(hosts, host), { doing });
  if (added > 0) await connection.call((client) => client.publish(hostsNews, host), { doing });
}

/** Puts the host on the list when it is first called, and again later if that fails. */
export function registration(connection: Connection, host: string): () => void {
  let isDone = false;
  return () => {
    if (isDone) return;
    isDone = true;
    registerHost(connection, host).catch(() => (isDone = false));
  };
}

/** Every host that has been here, by name. */
export async function hostsOf(connection: Connection): Promise<readonly HostStatus[]> {
  const { prefix } = connection.address;
  const doing = 'listing the hosts';
  const names = await connection.call((client) => client.smembers(sharedKeys(prefix).hosts), {
    doing
  });
  return Promise.all(
    names.toSorted().map(async (host) => {
      const { agent } = hostKeys(prefix, host);
      const text = await connection.call((client) => client.get(agent), { doing });
      return { host, agent: text === null ? null : parseAgent(text) };
    })
  );
}

export function parseAgent(text: string): HostStatus['agent'] {
  try {
    const data: unknown = JSON.parse(text);
    if (!isJsonObject(data)) return null;
    const { pid, since } = data;
    return typeof pid === 'number' && typeof since === 'number' ? { pid, since } : null;
  } catch {
    return null;
  }
}

/** Boot of a host when it was last at work. */
export async function bootOfHost(
  connection: Connection,
  keys: HostKeys
): Promise<string | undefined> {
  const boot = await connection.call((client) => client.hget(keys.about, 'boot'), {
    doing: `reading of host ${keys.host}`
  });
  return boot ?? undefined;
}
