import type { Rest } from './actors/durable-actor.ts';
import type { ContainerContext } from './machines/container-context.ts';
import type { Key } from './store/store.ts';

export function containerKey(id: string): Key {
  return { kind: 'container', id };
}

export function contextOf({ context }: Rest): ContainerContext {
  // The registry restores each key with the machine of its kind.
  return context as ContainerContext;
}
