import type { AttachmentInput, DownOptions } from './api.ts';
import { containerView, restView, stateOf } from './actors/views.ts';
import { bringUpOf, type BringUp, type BringUpParts } from './bring-up.ts';
import type { ContainerCommand } from './bus/events.ts';
import {
  askContainer,
  containerKey,
  contextOf,
  LIVE,
  notFound,
  notUp,
  type Asked
} from './container-rest.ts';
import { parseConnect } from './model/container-spec.ts';
import { isLasting } from './model/drift.ts';
import { errorOf, MooringError } from './model/failure.ts';
import type { ContainerView } from './model/view.ts';
import { isFree } from './recovery.ts';
import type { Store } from './store/store.ts';

/** What the verbs of the library do: a command to an actor, and what its rest means to the caller. */
export interface Commands extends BringUp {
  down(id: string, options: DownOptions): Promise<void>;
  reload(id: string, options: { readonly full?: boolean }): Promise<ContainerView>;
  repair(id: string, options: { readonly because?: string }): Promise<ContainerView>;
  refresh(id: string): Promise<ContainerView>;
  connect(id: string, network: AttachmentInput): Promise<ContainerView>;
  disconnect(id: string, network: string): Promise<ContainerView>;
  inspect(id: string): Promise<ContainerView>;
}

export interface CommandParts extends Omit<BringUpParts, 'inspect'> {
  readonly store: Store;
  /** Name of the network that has this name, id, or beginning of an id; throws `network.notFound`. */
  readonly networkName: (wanted: string) => Promise<string>;
  /** Whether what a dead process left half-way is to be left so. */
  readonly readOnly: boolean;
}

export function commandsOf(parts: CommandParts): Commands {
  const { store, registry } = parts;
  return {
    ...bringUpOf({ ...parts, inspect }),
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

  async function down(id: string, { forget }: DownOptions): Promise<void> {
    const key = containerKey(id);
    const isKnown = registry.remembers(key) || (await store.load(key)) !== undefined;
    const command = {
      type: 'container.down',
      container: id,
      ...(forget && { forget })
    } as const;
    const { rest, taken } = await askContainer(registry, command);
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
    const { rest, taken } = await askContainer(registry, command);
    const { refusal, failure, leftovers } = contextOf(rest);
    const state = stateOf(rest.value);
    if (state === 'absent') throw notFound(container);
    if (!taken) throw notUp(container, state);
    if (refusal !== null) throw errorOf(refusal);
    const view = restView(container, rest);
    if (LIVE.has(state)) {
      // What no reload can put right is told by the state, and all else is done.
      const isDone = state === 'up' || (view.drifts.length > 0 && view.drifts.every(isLasting));
      if (command.type !== 'container.reload' || isDone) return view;
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
    return changed(id, await askContainer(registry, command), (members) =>
      members.includes(network)
    );
  }

  async function disconnect(id: string, wanted: string): Promise<ContainerView> {
    // A network whose file is gone is still known by its name.
    const network = await parts.networkName(wanted).catch((error: unknown) => {
      if (error instanceof MooringError && error.code === 'network.notFound') return wanted;
      throw error;
    });
    const { rest, taken } = await askContainer(registry, {
      type: 'container.disconnect',
      container: id,
      network
    });
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
}

/** Whether the networks that it has by now are as they were asked for. */
type IsDone = (members: readonly string[]) => boolean;
