import type { UpInput } from './api.ts';
import type { Rest } from './actors/durable-actor.ts';
import type { Registry } from './actors/registry.ts';
import { restView, stateOf } from './actors/views.ts';
import type { ContainerCommand } from './bus/events.ts';
import {
  askContainer,
  containerKey,
  contextOf,
  LIVE,
  notFound,
  type Asked
} from './container-rest.ts';
import { parseContainerSpec } from './model/container-spec.ts';
import type { ContainerSpec, NamespaceSpec } from './model/container.ts';
import { errorOf, MooringError } from './model/failure.ts';
import { DEFAULT_NETWORK } from './model/network.ts';
import type { ContainerView } from './model/view.ts';

/** What defines a container and brings it up. */
export interface BringUp {
  up(input: UpInput, signal: AbortSignal | undefined): Promise<ContainerView>;
  /** The same with a spec that was checked before, on whatever host. */
  bring(spec: ContainerSpec): Promise<ContainerView>;
  create(input: UpInput): Promise<ContainerView>;
  start(id: string, signal: AbortSignal | undefined): Promise<ContainerView>;
}

export interface BringUpParts {
  readonly registry: Registry;
  /** Makes the default network when it does not exist. */
  readonly ensureDefaultNetwork: () => Promise<string>;
  /** Field 22 of a process's stat, proc(5); `undefined` when there is no such process. */
  readonly startTimeOf: (pid: number) => string | undefined;
  readonly inspect: (id: string) => Promise<ContainerView>;
}

export function bringUpOf(parts: BringUpParts): BringUp {
  const { registry } = parts;
  return { up, bring, create, start };

  async function up(input: UpInput, signal: AbortSignal | undefined): Promise<ContainerView> {
    signal?.throwIfAborted();
    return bring(await specOf(input), signal);
  }

  async function bring(spec: ContainerSpec, signal?: AbortSignal): Promise<ContainerView> {
    const { rest } = await bringUp({ type: 'container.up', container: spec.id, spec }, signal);
    return upView(spec, rest);
  }

  async function start(id: string, signal: AbortSignal | undefined): Promise<ContainerView> {
    signal?.throwIfAborted();
    const { rest, taken } = await bringUp({ type: 'container.start', container: id }, signal);
    const { spec } = contextOf(rest);
    if (spec === null || (!taken && stateOf(rest.value) === 'absent')) throw notFound(id);
    return upView(spec, rest);
  }

  async function create(input: UpInput): Promise<ContainerView> {
    const spec = await specOf(input);
    const { id } = spec;
    const command = { type: 'container.define', container: id, spec } as const;
    const { rest } = await askContainer(registry, command);
    const state = stateOf(rest.value);
    const isSame = JSON.stringify(contextOf(rest).spec) === JSON.stringify(spec);
    if (state === 'defined' && isSame) return restView(id, rest);
    throw new MooringError('container.exists', `container ${id} exists already and is ${state}`);
  }

  async function specOf(input: UpInput): Promise<ContainerSpec> {
    const spec = parseContainerSpec(input, { network: DEFAULT_NETWORK });
    const { namespace, ...rest } = spec;
    if (spec.networks.some(({ network }) => network === DEFAULT_NETWORK))
      await parts.ensureDefaultNetwork();
    if (namespace === undefined) return spec;
    return { ...rest, namespace: await completed(spec.id, namespace) };
  }

  /** As it is recorded: a process told by its start, a container that shares by whom it shares with. */
  async function completed(id: string, namespace: NamespaceSpec): Promise<NamespaceSpec> {
    if (namespace.kind === 'process') {
      const startTime = parts.startTimeOf(namespace.pid);
      if (startTime !== undefined) return { ...namespace, startTime };
      throw new MooringError('netns.noProcess', `no process has the id ${namespace.pid}`);
    }
    if (namespace.kind !== 'container') return namespace;
    const { container } = namespace;
    if (container === id) {
      throw new MooringError('container.badInput', `container ${id} can't share with itself`);
    }
    const owner = await parts.inspect(container);
    if (owner.spec.namespace === undefined || owner.spec.namespace.kind === 'process') {
      return namespace;
    }
    return owner.spec.namespace;
  }

  /** An abort takes down what this call began, and nothing that was there before. */
  async function bringUp(
    command: Extract<ContainerCommand, { type: 'container.up' | 'container.start' }>,
    signal: AbortSignal | undefined
  ): Promise<Asked> {
    const { container } = command;
    const key = containerKey(container);
    let unwinding: Promise<Rest> | undefined;
    let taken = false;
    const unwind = () => {
      if (!taken) return;
      unwinding ??= registry.ask(key, { type: 'container.down', container });
      // Awaited below; until then its failure must not count as unhandled.
      unwinding.catch(() => undefined);
    };
    const onTaken = () => {
      taken = true;
      if (signal?.aborted) unwind();
    };
    signal?.addEventListener('abort', unwind);
    try {
      const rest = await registry.ask(key, command, { onTaken, ...(signal && { signal }) });
      const last = unwinding ? await unwinding : rest;
      signal?.throwIfAborted();
      return { rest: last, taken };
    } finally {
      signal?.removeEventListener('abort', unwind);
    }
  }
}

function upView(spec: ContainerSpec, rest: Rest): ContainerView {
  const { id } = spec;
  const { refusal, failure, leftovers, spec: current } = contextOf(rest);
  const state = stateOf(rest.value);
  const isSame = current === spec || JSON.stringify(current) === JSON.stringify(spec);
  if (state === 'up' && isSame) return restView(id, rest);
  if (refusal !== null) throw errorOf(refusal);
  if (LIVE.has(state)) {
    if (isSame) throw errorOf(restView(id, rest).failure!);
    throw new MooringError('container.exists', `container ${id} is up already, with another spec`);
  }
  if (state === 'stuck') throw errorOf(failure ?? leftovers[0]!);
  if (state === 'failed') throw errorOf(failure!);
  throw new MooringError('container.cancelled', `container ${id} was taken down while coming up`);
}
