import { refusalOf, type EffectRequest, type RequestType } from '../bus/requests.ts';
import type { Effect, Effects } from './effects.ts';

/** Handlers of requests that another process performs: here they are refused. */
export function elsewhere<Type extends RequestType>(types: readonly Type[]): Pick<Effects, Type> {
  const handlers: Partial<Record<Type, Effect<never>>> = {};
  for (const type of types) handlers[type] = refuse;
  // Each is given the requests of its own type, and refuses any.
  return handlers as unknown as Pick<Effects, Type>;
}

function refuse(request: EffectRequest): ReturnType<Effect<RequestType>> {
  const { type } = request;
  return Promise.resolve(
    refusalOf(request, {
      code: 'mooring.elsewhere',
      message: `${type} is performed by another process`
    })
  );
}
