import type { MooringEvent } from '../bus/events.ts';
import type { EffectContext } from '../effects/effects.ts';
import { errorOf, MooringError, type Failure } from '../model/failure.ts';
import { ROOTLESS_NETNS } from '../model/uplink.ts';
import type { Rest } from './durable-actor.ts';
import { causeOf, type Registry } from './registry.ts';

// The actors of what stands in the host's own network are asked by commands, and each answers by where
// it rests: how that is read is here.

type Context = Pick<EffectContext, 'operation' | 'correlation'>;

export function askUplink(
  registry: Registry,
  id: string,
  command: MooringEvent,
  context: Context
): Promise<Rest> {
  return registry.ask({ kind: 'uplink', id }, command, { cause: causeOf(context) });
}

export function askForwarder(
  registry: Registry,
  id: string,
  command: MooringEvent,
  context: Context
): Promise<Rest> {
  return registry.ask({ kind: 'forwarder', id }, command, { cause: causeOf(context) });
}

/** @param holder name of the network that comes into use, or goes */
export function askRootlessNetns(
  registry: Registry,
  type: 'rootlessNetns.hold' | 'rootlessNetns.release',
  holder: string,
  context: Context
): Promise<Rest> {
  const key = { kind: 'rootlessNetns', id: ROOTLESS_NETNS } as const;
  const command = { type, rootlessNetns: key.id, holder };
  return registry.ask(key, command, { cause: causeOf(context) });
}

/** @throws MooringError why it could not be had */
export function requireHeld(rest: Rest): void {
  const failure = failureIn(rest);
  if (failure) throw errorOf(failure);
}

/** @throws MooringError why it is not, or `uplink.lost` */
export function requireReady(rest: Rest, what: string): void {
  requireHeld(rest);
  if (rest.value !== 'ready') throw new MooringError('uplink.lost', `${what} was taken away`);
}

/** @throws MooringError why they are not, or `port.lost` */
export function requireOpen(rest: Rest, container: string): void {
  requireHeld(rest);
  if (rest.value === 'open') return;
  throw new MooringError('port.lost', `the ports of ${container} were withdrawn`);
}

/** Why something is left of it. */
export function stuckIn(rest: Rest): Failure | null {
  return rest.value === 'stuck' ? failureIn(rest) : null;
}

/** @throws MooringError why something is left of it */
export function requireGone(rest: Rest): void {
  const failure = stuckIn(rest);
  if (failure) throw errorOf(failure);
}

// Each of them remembers it so.
function failureIn({ context }: Rest): Failure | null {
  return (context as { readonly failure: Failure | null }).failure;
}
