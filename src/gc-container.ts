import { containerContext, stateOf } from './actors/views.ts';
import { removeLease, type IpamLease } from './effects/gc/leases.ts';
import { tracesOfJournal, type Trace } from './effects/gc/traces.ts';
import { newContext, type GcParts, type Item, type Seen } from './gc-parts.ts';
import type { ContainerContext } from './machines/container-context.ts';
import { errorOf, MooringError } from './model/failure.ts';
import { containerKey } from './container-rest.ts';
import type { StoredActor } from './store/store.ts';

/** What a container left that is gone, or that it no longer has though it is still known. */
export async function containerItems(
  parts: GcParts,
  container: string,
  seen: Seen
): Promise<readonly Item[]> {
  const known = await knownOf(parts, container);
  if (known === 'unsettled') return [];
  const owner = `container/${container}`;
  const items = (await staleTraces(parts, { container, known, seen })).flatMap((trace) =>
    traceItems(parts, trace, seen)
  );
  if (known !== null && !isIdle(known)) return items;
  if (seen.ports.has(container)) {
    const remove = () => parts.releasePorts(container, newContext());
    items.push({ kind: 'ports', owner, object: 'host ports', remove });
  }
  if (seen.files.has(container)) {
    const remove = () => parts.removeFiles(container);
    items.push({ kind: 'files', owner, object: `${parts.root}/files/${container}`, remove });
  }
  return [...items, ...heldItems(parts, container, seen)];
}

interface Known {
  readonly value: StoredActor['value'];
  readonly context: ContainerContext;
}

/**
 * What is recorded of a container; `null`: it is gone. `unsettled`: its record can't be read, is of
 * an earlier boot, or something is under way, which is for `recover`.
 */
async function knownOf({ store }: GcParts, container: string): Promise<Known | null | 'unsettled'> {
  let stored: StoredActor | undefined;
  try {
    stored = await store.load(containerKey(container));
  } catch (error) {
    if (error instanceof MooringError) return 'unsettled';
    throw error;
  }
  if (stored === undefined) return null;
  const { value, outstanding, boot } = stored;
  if (outstanding.length > 0 || boot !== store.boot) return 'unsettled';
  return value === 'absent' ? null : { value, context: containerContext(stored) };
}

function isIdle({ value }: Known): boolean {
  const state = stateOf(value);
  return state === 'defined' || state === 'failed';
}

interface Suspect {
  readonly container: string;
  readonly known: Known | null;
  readonly seen: Seen;
}

/** Its attachments of which something is left, and which it does not have. */
async function staleTraces(parts: GcParts, suspect: Suspect): Promise<readonly Trace[]> {
  const { container, known, seen } = suspect;
  const cached = seen.traces.filter((trace) => trace.container === container);
  const leaves = [...seen.leases, ...seen.rules].some((left) => left.container === container);
  const journalled = leaves ? await journalTraces(parts, container) : [];
  const isCached = ({ network, ifName }: Trace) =>
    cached.some((other) => other.network === network && other.ifName === ifName);
  const all = [...cached, ...journalled.filter((trace) => !isCached(trace))];
  return known === null ? all : all.filter(({ network }) => !has(known.context, network));
}

async function journalTraces({ store }: GcParts, container: string): Promise<readonly Trace[]> {
  try {
    return await tracesOfJournal(container, store.journal(containerKey(container)));
  } catch (error) {
    // A journal that can't be read proves nothing.
    if (error instanceof MooringError) return [];
    throw error;
  }
}

// A network that it has may have come since under another interface name: left alone as a whole.
function has({ attachments, plans, again }: ContainerContext, network: string): boolean {
  return [...attachments, ...plans, ...again].some((one) => one.network === network);
}

function traceItems(parts: GcParts, trace: Trace, seen: Seen): Item[] {
  const { container, network, ifName, isCached } = trace;
  const owner = `container/${container}`;
  const leases = seen.leases.filter((lease) => isLeaseOf(trace, lease));
  const isRuled = seen.rules.some((rule) => isSame(rule, trace)) && isAlone(trace, seen);
  const items: Item[] = leases.map((lease) => ({
    kind: 'lease',
    owner,
    object: lease.path,
    remove: () => Promise.resolve(void removeLease(lease))
  }));
  if (isRuled) {
    const object = `name: "${network}" id: "${container}"`;
    items.push({ kind: 'rules', owner, object, remove: () => sweep(parts, trace) });
  }
  if (!isCached) return items;
  const object = `${network} ${container} ${ifName}`;
  return [{ kind: 'result', owner, object, remove: () => detach(parts, trace, seen) }, ...items];
}

/**
 * The plugins know best what they made: an accepted address carries no name. The result stays
 * until they have succeeded, as it is all that they can be asked by.
 */
async function detach(parts: GcParts, trace: Trace, seen: Seen): Promise<void> {
  const { container, network, ifName, attachment } = trace;
  if (attachment !== undefined && isAlone(trace, seen)) {
    const request = { type: 'cni.del', container, netns: null, attachment } as const;
    const fact = await parts.effects['cni.del'](request, newContext());
    if (fact.type === 'attachment.delFailed') throw errorOf(fact.failure);
  }
  parts.cache.remove({ network, containerId: container, ifName });
}

async function sweep({ effects }: GcParts, { container, network }: Trace): Promise<void> {
  const request = { type: 'firewall.sweep', container, networks: [network] } as const;
  const fact = await effects['firewall.sweep'](request, newContext());
  if (fact.type === 'firewall.sweepFailed') throw errorOf(fact.failure);
}

/**
 * Whether nobody else goes by this container's name on this network, or has its addresses: then
 * plugins and chains, which know no more than names and addresses, touch nothing of another's.
 */
function isAlone(trace: Trace, { leases, traces }: Seen): boolean {
  const onNetwork = leases.filter(({ network }) => network === trace.network);
  const isOwn = (lease: IpamLease) => isLeaseOf(trace, lease);
  const namesake = onNetwork.some((lease) => lease.container === trace.container && !isOwn(lease));
  const successor = onNetwork.some(
    (lease) => trace.addresses.includes(lease.address) && !isOwn(lease)
  );
  const other = traces.some(
    ({ container, network, addresses }) =>
      container !== trace.container &&
      network === trace.network &&
      addresses.some((address) => trace.addresses.includes(address))
  );
  return !namesake && !successor && !other;
}

function isLeaseOf(trace: Trace, { container, network, ifName, address }: IpamLease): boolean {
  return (
    container === trace.container &&
    network === trace.network &&
    (ifName === trace.ifName || ifName === '') &&
    trace.addresses.includes(address)
  );
}

function isSame(one: { container: string; network: string }, trace: Trace): boolean {
  return one.container === trace.container && one.network === trace.network;
}

/** Holds of one that is down: given back through the actor that has them, which then tidies up. */
function heldItems({ registry }: GcParts, container: string, { holds }: Seen): readonly Item[] {
  return holds
    .filter(({ holder }) => holder === container)
    .map(({ kind, id }) => ({
      kind: 'hold',
      owner: `container/${container}`,
      object: `${kind} ${id}`,
      async remove() {
        const command =
          kind === 'namespace'
            ? ({ type: 'namespace.release', namespace: id, holder: container } as const)
            : ({ type: 'network.release', network: id, holder: container } as const);
        const { context } = await registry.ask({ kind, id }, command);
        const { failure } = context as { readonly failure: Parameters<typeof errorOf>[0] | null };
        if (failure !== null) throw errorOf(failure);
      }
    }));
}
