import { MooringError } from '../../model/failure.ts';
import type { Kind } from '../store.ts';
import type { Connection } from './connection.ts';
import { hostKeys, sharedKeys } from './keys.ts';

/**
 * Drops everything that Redis has of a host.
 *
 * @throws MooringError `host.alive` while its agent is; `host.notFound`
 */
export async function forgetHost(
  connection: Connection,
  host: string,
  kinds: readonly Kind[]
): Promise<void> {
  const { prefix } = connection.address;
  const { hosts } = sharedKeys(prefix);
  const keys = hostKeys(prefix, host);
  const doing = `dropping host ${host}`;
  const [known, agent] = await Promise.all([
    connection.call((client) => client.sismember(hosts, host), { doing }),
    connection.call((client) => client.exists(keys.agent), { doing })
  ]);
  if (known === 0) throw new MooringError('host.notFound', `no host is named ${host}`);
  if (agent === 1) throw new MooringError('host.alive', `the agent of host ${host} is alive`);
  for (const kind of kinds) {
    const fields = await connection.call((client) => client.hkeys(keys.actors(kind)), { doing });
    const logs = fields.map((field) => keys.log({ kind, id: field.slice(kind.length + 1) }));
    await drop([...logs, keys.actors(kind)]);
  }
  const allocated = await connection.call((client) => client.smembers(keys.allocated), { doing });
  await drop([
    ...allocated.map((kind) => keys.allocations(kind)),
    ...[keys.allocated, keys.commands, keys.taken, keys.journal, keys.about, keys.token]
  ]);
  await connection.call((client) => client.srem(hosts, host), { doing });

  // The rest of it expires.
  async function drop(names: readonly string[]): Promise<void> {
    await Promise.all(
      names.map((name) => connection.call((client) => client.del(name), { doing }))
    );
  }
}
