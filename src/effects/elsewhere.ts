import { refusalOf, type EffectRequest, type RequestType } from '../bus/requests.ts';
import type { Effect, Effects } from './effects.ts';

/** Handlers of requests that another process performs: here they are refused. */
export function elsewhere<Type extends RequestType>(types: readonly Type[]): Pick<Effects, Type> {
  const refuse = (request: EffectRequest) =>
    Promise.resolve(
      refusalOf(request, {
        code: 'mooring.elsewhere',
        message: `${request.type} is performed by another process`
      })
    );
  // Each is given the requests of its own type, and refuses any.
  const handlers = types.map((type) => [type, refuse as unknown as Effect<RequestType>]);
  return Object.fromEntries(handlers) as unknown as Pick<Effects, Type>;
}
