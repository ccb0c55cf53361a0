import { MooringError } from '../../model/failure.ts';
import { parseContainerId, parseHostName, parseNetworkName } from '../../model/names.ts';
import { keyText, type Key, type Kind } from '../store.ts';

/**
 * Names of everything a host keeps in Redis. They share the tag `{host}` and so one hash slot:
 * a script may touch any of them, also in a cluster.
 */
export interface HostKeys {
  readonly host: string;
  /** String: the last fencing token. */
  readonly token: string;
  /** Hash: whose name this is, and when it was last at work. */
  readonly about: string;
  /** Stream: every record of the host, the newest. */
  readonly journal: string;
  /** Hash: the actor's field to who has taken the container over. */
  readonly taken: string;
  /** String: the agent that is alive. */
  readonly agent: string;
  /** Stream: what the agent is asked to do. */
  readonly commands: string;
  /** Channel: told of every commit. */
  readonly news: string;
  /** Channel: told of every command. */
  readonly calls: string;
  /** Hash: who holds an actor. Expires. */
  lease(key: Key): string;
  /** Hash: who waits for it. Expires. */
  queue(key: Key): string;
  /** Hash: each actor's last record, by its {@link fieldOf}. */
  actors(kind: Kind): string;
  /** List: ids of an actor's records in `journal`. */
  log(key: Key): string;
  /** The same of its last life. Expires. */
  past(key: Key): string;
  /** Set: kinds of allocations that there are. */
  readonly allocated: string;
  /** Hash: owners and what they have. */
  allocations(kind: string): string;
  /** Hash: how far a command has come, and its answer. Expires. */
  answer(id: string): string;
}

/** What all hosts share; again in one slot each. */
export interface SharedKeys {
  /** Set: every host that has been here. */
  readonly hosts: string;
  /** Channel: told of every host that comes. */
  readonly hostsNews: string;
  /** Hash: networks by name. */
  readonly networks: string;
  /** String: grows with every change of `networks`. */
  readonly networksVersion: string;
  /** Hash: static addresses and who has them. */
  readonly addresses: string;
  /** Channel: told of every change of `networks`. */
  readonly networksNews: string;
  /** Channel of one process: leases that are free, answers that have come. */
  wake(process: string): string;
}

export function hostKeys(prefix: string, name: string): HostKeys {
  const host = parseHostName(name);
  const own = (part: string) => `${prefix}:{${host}}:${part}`;
  return {
    host,
    token: own('token'),
    about: own('host'),
    journal: own('journal'),
    taken: own('taken'),
    agent: own('agent'),
    commands: own('commands'),
    news: own('news'),
    calls: own('calls'),
    lease: (key) => own(`lease:${fieldOf(key)}`),
    queue: (key) => own(`queue:${fieldOf(key)}`),
    actors: (kind) => own(`actors:${kindOf(kind)}`),
    log: (key) => own(`log:${fieldOf(key)}`),
    past: (key) => own(`past:${fieldOf(key)}`),
    allocated: own('allocated'),
    allocations: (kind) => own(`allocations:${parseContainerId(kind)}`),
    answer: (id) => own(`answer:${id}`)
  };
}

export function sharedKeys(prefix: string): SharedKeys {
  const networks = (part: string) => `${prefix}:{networks}:${part}`;
  return {
    hosts: `${prefix}:hosts`,
    hostsNews: `${prefix}:hosts:news`,
    networks: networks('definitions'),
    networksVersion: networks('version'),
    addresses: networks('addresses'),
    networksNews: networks('news'),
    wake: (process) => `${prefix}:wake:${process}`
  };
}

/** `container/web`: an actor's field, and the last part of its keys. */
export function fieldOf(key: Key): string {
  const { kind, id } = key;
  kindOf(kind);
  if (kind === 'network') parseNetworkName(id);
  else parseContainerId(id);
  return keyText(key);
}

function kindOf(kind: Kind): string {
  if (/^[A-Za-z]{1,32}$/.test(kind)) return kind;
  throw new MooringError('store.badKey', `${JSON.stringify(kind)} is not a kind of actor`);
}
