import type { UpInput } from './api.ts';
import type { Rest } from './actors/durable-actor.ts';
import type { Registry } from './actors/registry.ts';
import { containerView, restView, stateOf } from './actors/views.ts';
import type { ContainerContext } from './machines/container-setup.ts';
import { parseContainerSpec } from './model/container-spec.ts';
import type { ContainerSpec } from './model/container.ts';
import { errorOf, MooringError } from './model/failure.ts';
import { DEFAULT_NETWORK } from './model/network.ts';
import type { ContainerView } from './model/view.ts';
import type { Key, Store } from './store/store.ts';

/** What the verbs of the library do: a command to an actor, and what its rest means to the caller. */
export interface Commands {
  up(input: UpInput, signal: AbortSignal | undefined): Promise<ContainerView>;
  down(id: string): Promise<void>;
  inspect(id: string): Promise<ContainerView>;
}

export interface CommandParts {
  readonly store: Store;
  readonly registry: Registry;
  /** Makes the default network when it does not exist. */
  readonly ensureDefaultNetwork: () => Promise<string>;
}

export function commandsOf({ store, registry, ensureDefaultNetwork }: CommandParts): Commands {
  return { up, down, inspect };

  async function up(input: UpInput, signal: AbortSignal | undefined): Promise<ContainerView> {
    signal?.throwIfAborted();
    const spec = parseContainerSpec(input, { network: DEFAULT_NETWORK });
    if (spec.networks.some(({ network }) => network === DEFAULT_NETWORK))
      await ensureDefaultNetwork();
    const rest = await askUp(spec, signal);
    signal?.throwIfAborted();
    return upView(spec, rest);
  }

  /** An abort takes down what this call began, and nothing that was there before. */
  async function askUp(spec: ContainerSpec, signal: AbortSignal | undefined): Promise<Rest> {
    const key = containerKey(spec.id);
    let unwinding: Promise<Rest> | undefined;
    let taken = false;
    const unwind = () => {
      if (!taken) return;
      unwinding ??= registry.ask(key, { type: 'container.down', container: spec.id });
      // Awaited below; until then its failure must not count as unhandled.
      unwinding.catch(() => undefined);
    };
    const onTaken = () => {
      taken = true;
      if (signal?.aborted) unwind();
    };
    signal?.addEventListener('abort', unwind);
    try {
      const command = { type: 'container.up', container: spec.id, spec } as const;
      const rest = await registry.ask(key, command, { onTaken, ...(signal && { signal }) });
      return unwinding ? await unwinding : rest;
    } finally {
      signal?.removeEventListener('abort', unwind);
    }
  }

  async function down(id: string): Promise<void> {
    const command = { type: 'container.down', container: id } as const;
    let known = false;
    const before = await store.load(containerKey(id));
    const rest = await registry.ask(containerKey(id), command, {
      onTaken: () => {
        known = true;
      }
    });
    if (!known && before === undefined) throw notFound(id);
    const { leftovers } = contextOf(rest);
    if (stateOf(rest.value) === 'stuck') throw errorOf(leftovers[0]!);
  }

  async function inspect(id: string): Promise<ContainerView> {
    const key = containerKey(id);
    let actor = await store.load(key);
    if (actor && actor.outstanding.length > 0 && (await isFree(key))) {
      await registry.settle(key);
      actor = await store.load(key);
    }
    const view = actor && containerView(actor);
    if (!view || (view.state === 'absent' && !view.pending)) throw notFound(id);
    return view;
  }

  /** Whether no living process is at it. */
  async function isFree(key: Key): Promise<boolean> {
    const lease = await store.tryAcquire(key);
    if (lease) await store.release(lease);
    return lease !== undefined;
  }

  function upView(spec: ContainerSpec, rest: Rest): ContainerView {
    const { id } = spec;
    const { refusal, failure, leftovers, spec: current } = contextOf(rest);
    const state = stateOf(rest.value);
    if (state === 'up' && JSON.stringify(current) === JSON.stringify(spec)) {
      return restView(id, rest);
    }
    if (refusal !== null) throw errorOf(refusal);
    if (state === 'up') {
      throw new MooringError(
        'container.exists',
        `container ${id} is up already, with another spec`
      );
    }
    if (state === 'stuck') throw errorOf(failure ?? leftovers[0]!);
    if (state === 'failed') throw errorOf(failure!);
    throw new MooringError('container.cancelled', `container ${id} was taken down while coming up`);
  }
}

export function containerKey(id: string): Key {
  return { kind: 'container', id };
}

export function contextOf({ context }: Rest): ContainerContext {
  // The registry restores each key with the machine of its kind.
  return context as ContainerContext;
}

function notFound(id: string): MooringError {
  return new MooringError('container.notFound', `no container is named ${id}`);
}
