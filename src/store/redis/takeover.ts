import { MooringError } from '../../model/failure.ts';
import type { Key, StoredActor } from '../store.ts';
import type { Connection } from './connection.ts';
import { actorOf } from './head.ts';
import { holderText, parseHolder, type Holder } from './holder.ts';
import { fieldOf, type HostKeys } from './keys.ts';
import { GIVE_BACK, TAKE_OVER } from './scripts/takeover.ts';

/** @throws MooringError as `Cluster.takeOver` */
export async function takeOver(
  connection: Connection,
  keys: HostKeys,
  key: Key,
  self: Holder
): Promise<StoredActor> {
  const { host } = keys;
  const field = fieldOf(key);
  const what = `${key.kind} ${key.id} of host ${host}`;
  const mark = JSON.stringify({ v: 1, host: self.host, time: Date.now() });
  const reply = (await connection.run(
    TAKE_OVER,
    {
      keys: [keys.lease(key), keys.agent, keys.actors(key.kind), keys.taken, keys.token],
      args: [field, mark, self.host]
    },
    { doing: `taking over ${what}` }
  )) as readonly string[];
  const [answer, text = ''] = reply;
  switch (answer) {
    case 'took':
      return actorOf(text, key);
    case 'alive':
      throw new MooringError(
        'host.alive',
        `the agent of host ${host} is alive: take ${key.id} down there`
      );
    case 'held': {
      const holder = holderText(parseHolder(text), self);
      throw new MooringError('lease.timedOut', `${what} is in use by ${holder}`);
    }
    case 'taken':
      throw new MooringError(
        'container.takenOver',
        `${what} was taken over by host ${hostIn(text)}`
      );
    default:
      throw new MooringError(
        'container.notFound',
        `host ${host} has no ${key.kind} named ${key.id}`
      );
  }
}

export async function giveBack(
  connection: Connection,
  keys: HostKeys,
  key: Key,
  host: string
): Promise<void> {
  await connection.run(
    GIVE_BACK,
    { keys: [keys.taken], args: [fieldOf(key), host] },
    { doing: `giving back ${key.kind} ${key.id} of host ${keys.host}` }
  );
}

/** Fields of the actors of a host that others have taken over. */
export async function takenFrom(
  connection: Connection,
  keys: HostKeys
): Promise<readonly string[]> {
  const found = await connection.call((client) => client.hgetall(keys.taken), {
    doing: `reading what was taken over of ${keys.host}`
  });
  return Object.keys(found);
}

/** @param mark JSON, as whoever took it over wrote it */
export function hostIn(mark: string): string {
  return /"host":"([^"]*)"/.exec(mark)?.[1] ?? 'another';
}
