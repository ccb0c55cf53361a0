import type { ContainerContext } from '../machines/container-context.ts';
import type { Holders } from '../machines/holders.ts';
import type { ContainerSpec } from '../model/container.ts';
import type { Failure } from '../model/failure.ts';
import { isJsonObject, type Json } from '../model/json.ts';
import type { ContainerState, ContainerView } from '../model/view.ts';
import type { StoredActor } from '../store/store.ts';
import type { Rest } from './durable-actor.ts';
import { isOfLater, migrated } from './versions.ts';

const STATES: ReadonlySet<string> = new Set<ContainerState>([
  'absent',
  'defined',
  'creating',
  'configuring',
  'up',
  'degraded',
  'reloading',
  'connecting',
  'disconnecting',
  'tearingDown',
  'failed',
  'stuck'
]);

/**
 * A container as its last record tells it.
 *
 * @param boot of the host now: what an earlier one left is not up, whatever its record says
 */
export function containerView(recorded: StoredActor, boot?: string): ContainerView {
  const stored = readable(recorded);
  const { key, value, outstanding, time } = stored;
  const context = contextOf(stored.snapshot) as ContainerContext;
  const rest = { value, context, since: time };
  const view = { ...restView(key.id, rest), pending: outstanding.length > 0 };
  return boot === undefined || stored.boot === boot ? view : rebooted(view, context);
}

/** What its machine remembered when it was last recorded. */
export function containerContext(stored: StoredActor): ContainerContext {
  return contextOf(readable(stored).snapshot) as ContainerContext;
}

const AT_REST: ReadonlySet<ContainerState> = new Set(['absent', 'defined', 'failed']);

// Its leases and ports are still to be given back: hence pending, until somebody works on it.
function rebooted(view: ContainerView, context: ContainerContext): ContainerView {
  if (AT_REST.has(view.state) && !view.pending) return view;
  const isStuck = view.state === 'stuck';
  return {
    ...view,
    state: isStuck ? 'stuck' : context.kept ? 'defined' : 'failed',
    pending: true,
    netns: null,
    attachments: view.attachments.map((attachment) => ({ ...attachment, result: null })),
    drifts: [],
    failure: isStuck
      ? view.failure
      : {
          code: 'host.rebooted',
          message: `container ${view.id} was ${view.state} when the host was rebooted`
        }
  };
}

/** A container that rests. */
export function restView(id: string, rest: Rest): ContainerView {
  const context = rest.context as ContainerContext;
  return {
    id,
    state: stateOf(rest.value),
    pending: false,
    spec: context.spec ?? context.candidate ?? emptySpec(id),
    netns: context.netns,
    attachments: context.attachments.map(({ network, ifName, result }) => ({
      network,
      ifName,
      aliases: aliasesOf(context.spec, network),
      result: result ?? null
    })),
    ports: context.ports,
    files: context.files,
    failure:
      context.failure ??
      context.leftovers[0] ??
      context.trouble ??
      context.unmended ??
      context.outage ??
      drifted(context),
    uplink: context.uplink,
    drifts: context.drifts,
    leftovers: context.leftovers,
    since: rest.since
  };
}

/** Ids of the containers that use a network or a netns. */
export function holdersOf(stored: StoredActor): readonly string[] {
  return (contextOf(readable(stored).snapshot) as { readonly holders: Holders }).holders;
}

/** The outermost state, so that nobody outside the machine compares paths. */
export function stateOf(value: Json): ContainerState {
  const state = typeof value === 'string' ? value : Object.keys(value as object)[0];
  if (state === undefined || !STATES.has(state)) return 'absent';
  return state as ContainerState;
}

// Who only looks sees what an earlier version wrote as this one would go on from it; and what a
// later one wrote as well as it can be seen.
function readable(stored: StoredActor): StoredActor {
  return isOfLater(stored) ? stored : migrated(stored);
}

function drifted({ drifts }: ContainerContext): Failure | null {
  const [first, ...others] = drifts;
  if (first === undefined) return null;
  const more = others.length === 0 ? '' : `, and ${others.length} more`;
  return { code: 'network.drifted', message: `${first.text}${more}` };
}

function aliasesOf(spec: ContainerSpec | null, network: string): readonly string[] {
  return spec?.networks.find((other) => other.network === network)?.aliases ?? [];
}

function contextOf(snapshot: Json): unknown {
  return isJsonObject(snapshot) ? snapshot['context'] : undefined;
}

function emptySpec(id: string): ContainerSpec {
  return { id, networks: [], ports: [] };
}
