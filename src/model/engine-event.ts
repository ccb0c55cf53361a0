import type { ContainerState } from './view.ts';

/**
 * An event under the keys of Docker's `events`, and of podman's beside them.
 *
 * It tells of something that has been committed, never of an intention.
 */
export interface EngineEvent {
  readonly Type: 'container' | 'network';
  readonly Action: EngineAction;
  readonly Actor: {
    /** Of a network its id, of a container its id. */
    readonly ID: string;
    /** `name`; of a network its `type`, and the `container` that came or went; a `failure`. */
    readonly Attributes: Readonly<Record<string, string>>;
  };
  readonly scope: 'local';
  /** Seconds since the epoch. */
  readonly time: number;
  readonly timeNano: number;
  /** Of the container, where there is one. */
  readonly ID: string;
  readonly Name: string;
  /** Name of the network; absent from a container's own. */
  readonly network?: string;
  /** The action in podman's word: a network that is gone was `remove`d. */
  readonly Status: string;
  /** RFC 3339. */
  readonly Time: string;
  /** Name of the host, where events of several are told. */
  readonly Host?: string;
}

/** Docker's of a network; of a container the state in which it has come to rest. */
export type EngineAction =
  | 'create'
  | 'connect'
  | 'disconnect'
  | 'destroy'
  | Extract<ContainerState, 'absent' | 'defined' | 'up' | 'degraded' | 'failed' | 'stuck'>;

/**
 * `2026-01-01 00:00:00.000 +0000 UTC network connect web (container=web, name=front)`, with the
 * host before it where there is one.
 */
export function engineEventText({ Type, Status, Actor, ID, Time, Host }: EngineEvent): string {
  const [day = '', clock = ''] = Time.slice(0, -1).split('T');
  const pairs = Object.entries(Actor.Attributes)
    // podman's line names the container and the network of a connection, and no more.
    .filter(([key]) => !('container' in Actor.Attributes) || key !== 'type')
    .map(([key, value]) => `${key}=${value}`);
  const where = Host === undefined ? '' : `${Host} `;
  return `${where}${day} ${clock} +0000 UTC ${Type} ${Status} ${ID} (${pairs.join(', ')})`;
}
