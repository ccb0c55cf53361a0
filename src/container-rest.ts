import type { Rest } from './actors/durable-actor.ts';
import type { Registry } from './actors/registry.ts';
import type { ContainerCommand } from './bus/events.ts';
import type { ContainerContext } from './machines/container-context.ts';
import { MooringError } from './model/failure.ts';
import type { ContainerState } from './model/view.ts';
import type { Key } from './store/store.ts';

/** How a container rests after a command. */
export interface Asked {
  readonly rest: Rest;
  /** Whether the chart took the command, or it meant nothing to it. */
  readonly taken: boolean;
}

/** States in which a container has its networks, or is about to have them again. */
export const LIVE: ReadonlySet<ContainerState> = new Set(['up', 'degraded']);

export function containerKey(id: string): Key {
  return { kind: 'container', id };
}

export function contextOf({ context }: Rest): ContainerContext {
  // The registry restores each key with the machine of its kind.
  return context as ContainerContext;
}

export async function askContainer(registry: Registry, command: ContainerCommand): Promise<Asked> {
  let taken = false;
  const onTaken = () => {
    taken = true;
  };
  const rest = await registry.ask(containerKey(command.container), command, { onTaken });
  return { rest, taken };
}

export function notFound(id: string): MooringError {
  return new MooringError('container.notFound', `no container is named ${id}`);
}

export function notUp(id: string, state: ContainerState): MooringError {
  return new MooringError(
    'container.notUp',
    `container ${id} is ${state}: container state improper`
  );
}
