import type { Failure } from '../../model/failure.ts';
import { isJsonObject, type Json } from '../../model/json.ts';
import { keyText, type ListedActor } from '../../store/store.ts';
import type { InspectedHost } from './host.ts';

/** Where an actor rests, in a line of a table. */
export interface ActorRow {
  /** `container/web` */
  readonly key: string;
  readonly machine: string;
  readonly seq: number;
  /** Milliseconds since the epoch. */
  readonly time: number;
  readonly token: number;
  readonly value: Json;
  /** Types of requests that are asked and not answered. */
  readonly pending: readonly string[];
  /** What it remembers of a failure; `null` when there is none. */
  readonly failure: Failure | null;
  /** What was amiss in the kernel when it was last looked at. */
  readonly drifts: number;
  /** The host has booted since. */
  readonly stale: boolean;
}

export interface ActorList {
  readonly actors: readonly ActorRow[];
  readonly unreadable: readonly { readonly key: string; readonly failure: Failure }[];
}

/** Every actor that there is, of whatever kind. */
export async function actorRows({ store, kinds }: InspectedHost): Promise<ActorList> {
  const listed = (await Promise.all(kinds.map((kind) => store.list(kind)))).flat();
  return {
    actors: listed.flatMap((entry) => ('actor' in entry ? [rowOf(entry.actor, store.boot)] : [])),
    unreadable: listed.flatMap((entry) =>
      'failure' in entry ? [{ key: keyText(entry.key), failure: entry.failure }] : []
    )
  };
}

type Stored = Extract<ListedActor, { readonly actor: unknown }>['actor'];

function rowOf(actor: Stored, boot: string): ActorRow {
  const { key, machine, seq, time, token, value, outstanding, snapshot } = actor;
  const context =
    isJsonObject(snapshot) && isJsonObject(snapshot['context']) ? snapshot['context'] : {};
  const { drifts } = context;
  return {
    ...{ key: keyText(key), machine, seq, time, token, value },
    pending: outstanding.map(({ request }) => request.type),
    failure: failureIn(context),
    drifts: Array.isArray(drifts) ? drifts.length : 0,
    stale: actor.boot !== boot
  };
}

/** The first failure that a machine remembers, whatever it calls it. */
function failureIn(context: { readonly [name: string]: Json }): Failure | null {
  for (const held of Object.values(context)) {
    const first: unknown = Array.isArray(held) ? held[0] : held;
    if (!isJsonObject(first)) continue;
    const { code, message } = first;
    if (typeof code === 'string' && typeof message === 'string') return { code, message };
  }
  return null;
}
