import { MACHINES, type Machines } from '../actors/machines.ts';
import { restore } from '../actors/recall.ts';
import type { MooringEvent } from '../bus/events.ts';
import type { EffectRequest } from '../bus/requests.ts';
import type { Json, JsonObject } from '../model/json.ts';
import type { Kind } from '../store/store.ts';
import { stateText } from './report.ts';

/** An actor of the charts without a host: it takes events, and says what it asks for. */
export interface TestActor {
  /** @returns what it asks for, in order; it is for the test to answer */
  send(event: MooringEvent): readonly EffectRequest[];
  /** `tearingDown.detaching.deleting` */
  readonly state: string;
  /** What it remembers. */
  readonly context: JsonObject;
}

/** @throws what a guard or an action throws, from `send` */
export function actorOf(kind: Kind, id: string, machines: Machines = MACHINES): TestActor {
  const { actor, asked } = restore({ kind, id }, machines, undefined);
  const snapshot = () => actor.getSnapshot();

  return {
    send(event) {
      actor.send(event);
      if (snapshot().status === 'error') throw snapshot().error;
      return asked.splice(0);
    },
    get state() {
      return stateText(snapshot().value as Json);
    },
    get context() {
      return snapshot().context as JsonObject;
    }
  };
}
