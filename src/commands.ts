import type { AttachmentInput, DownOptions, UpInput } from './api.ts';
import type { Rest } from './actors/durable-actor.ts';
import type { Registry } from './actors/registry.ts';
import { containerView, restView, stateOf } from './actors/views.ts';
import type { ContainerCommand } from './bus/events.ts';
import { containerKey, contextOf } from './container-rest.ts';
import { parseConnect, parseContainerSpec } from './model/container-spec.ts';
import type { ContainerSpec, NamespaceSpec } from './model/container.ts';
import { errorOf, MooringError } from './model/failure.ts';
import { DEFAULT_NETWORK } from './model/network.ts';
import type { ContainerState, ContainerView } from './model/view.ts';
import { isFree } from './recovery.ts';
import type { Store } from './store/store.ts';

/** What the verbs of the library do: a command to an actor, and what its rest means to the caller. */
export interface Commands {
  up(input: UpInput, signal: AbortSignal | undefined): Promise<ContainerView>;
  create(input: UpInput): Promise<ContainerView>;
  start(id: string, signal: AbortSignal | undefined): Promise<ContainerView>;
  down(id: string, options: DownOptions): Promise<void>;
  reload(id: string, options: { readonly full?: boolean }): Promise<ContainerView>;
  repair(id: string, options: { readonly because?: string }): Promise<ContainerView>;
  refresh(id: string): Promise<ContainerView>;
  connect(id: string, network: AttachmentInput): Promise<ContainerView>;
  disconnect(id: string, network: string): Promise<ContainerView>;
  inspect(id: string): Promise<ContainerView>;
}

export interface CommandParts {
  readonly store: Store;
  readonly registry: Registry;
  /** Makes the default network when it does not exist. */
  readonly ensureDefaultNetwork: () => Promise<string>;
  /** Name of the network that has this name, id, or beginning of an id; throws `network.notFound`. */
  readonly networkName: (wanted: string) => Promise<string>;
  /** Field 22 of a process's stat, proc(5); `undefined` when there is no such process. */
  readonly startTimeOf: (pid: number) => string | undefined;
  /** Whether what a dead process left half-way is to be left so. */
  readonly readOnly: boolean;
}

/** States in which a container has its networks, or is about to have them again. */
const LIVE: ReadonlySet<ContainerState> = new Set(['up', 'degraded']);

export function commandsOf(parts: CommandParts): Commands {
  const { store, registry } = parts;
  return {
    up,
    create,
    start,
    down,
    reload: (id, { full }) =>
      whileUp({ type: 'container.reload', container: id, ...(full && { full }) }),
    repair: (id, { because }) =>
      whileUp({ type: 'container.repair', container: id, ...(because && { because }) }),
    refresh: (id) => whileUp({ type: 'container.refresh', container: id }),
    connect,
    disconnect,
    inspect
  };

  async function up(input: UpInput, signal: AbortSignal | undefined): Promise<ContainerView> {
    signal?.throwIfAborted();
    const spec = await specOf(input);
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
    const { rest } = await ask(command);
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
    const owner = await inspect(container);
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

  async function down(id: string, { forget }: DownOptions): Promise<void> {
    const key = containerKey(id);
    const isKnown = registry.remembers(key) || (await store.load(key)) !== undefined;
    const command = {
      type: 'container.down',
      container: id,
      ...(forget && { forget })
    } as const;
    const { rest, taken } = await ask(command);
    if (!taken && !isKnown) throw notFound(id);
    const { leftovers } = contextOf(rest);
    if (stateOf(rest.value) === 'stuck') throw errorOf(leftovers[0]!);
  }

  async function whileUp(
    command: Extract<
      ContainerCommand,
      { type: 'container.reload' | 'container.repair' | 'container.refresh' }
    >
  ): Promise<ContainerView> {
    const { container } = command;
    const { rest, taken } = await ask(command);
    const { refusal, failure, leftovers } = contextOf(rest);
    const state = stateOf(rest.value);
    if (state === 'absent') throw notFound(container);
    if (!taken) throw notUp(container, state);
    if (refusal !== null) throw errorOf(refusal);
    const view = restView(container, rest);
    if (LIVE.has(state)) {
      if (command.type !== 'container.reload' || state === 'up') return view;
      throw errorOf(view.failure!);
    }
    const reason = failure ?? leftovers[0];
    if (reason) throw errorOf(reason);
    throw new MooringError(
      'container.cancelled',
      `container ${container} was taken down meanwhile`
    );
  }

  async function connect(id: string, input: AttachmentInput): Promise<ContainerView> {
    const attachment = parseConnect(input);
    const network = await parts.networkName(attachment.network);
    const command = {
      type: 'container.connect',
      container: id,
      attachment: { ...attachment, network }
    } as const;
    return changed(id, await ask(command), (members) => members.includes(network));
  }

  async function disconnect(id: string, wanted: string): Promise<ContainerView> {
    // A network whose file is gone is still known by its name.
    const network = await parts.networkName(wanted).catch((error: unknown) => {
      if (error instanceof MooringError && error.code === 'network.notFound') return wanted;
      throw error;
    });
    const { rest, taken } = await ask({ type: 'container.disconnect', container: id, network });
    if (taken && contextOf(rest).refusal?.code === 'network.notConnected') {
      await parts.networkName(wanted);
    }
    return changed(id, { rest, taken }, (members) => !members.includes(network));
  }

  function changed(id: string, { rest, taken }: Asked, isDone: IsDone): ContainerView {
    const { spec, refusal, failure, leftovers, trouble } = contextOf(rest);
    const state = stateOf(rest.value);
    if (!taken && state === 'absent') throw notFound(id);
    if (!taken) throw notUp(id, state);
    const members = (spec?.networks ?? []).map((member) => member.network);
    const reason = refusal ?? failure ?? leftovers[0] ?? (isDone(members) ? null : trouble);
    if (reason) throw errorOf(reason);
    return restView(id, rest);
  }

  async function ask(command: ContainerCommand): Promise<Asked> {
    let taken = false;
    const onTaken = () => {
      taken = true;
    };
    const rest = await registry.ask(containerKey(command.container), command, { onTaken });
    return { rest, taken };
  }

  async function inspect(id: string): Promise<ContainerView> {
    const key = containerKey(id);
    let actor = await store.load(key);
    const isStale = actor && (actor.outstanding.length > 0 || actor.boot !== store.boot);
    if (isStale && !parts.readOnly && (await isFree(store, key))) {
      await registry.settle(key);
      actor = await store.load(key);
    }
    const view = actor && containerView(actor, store.boot);
    if (!view || (view.state === 'absent' && !view.pending)) throw notFound(id);
    return view;
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

/** Whether the networks that it has by now are as they were asked for. */
type IsDone = (members: readonly string[]) => boolean;

interface Asked {
  readonly rest: Rest;
  /** Whether the chart took the command, or it meant nothing to it. */
  readonly taken: boolean;
}

function notFound(id: string): MooringError {
  return new MooringError('container.notFound', `no container is named ${id}`);
}

function notUp(id: string, state: ContainerState): MooringError {
  return new MooringError(
    'container.notUp',
    `container ${id} is ${state}: container state improper`
  );
}
