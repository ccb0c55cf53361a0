import type { AttachmentInput, Container, Mooring, UpInput } from '../api.ts';
import { MooringError } from '../model/failure.ts';
import type { Json } from '../model/json.ts';
import type { NetworkFilter, NetworkInput } from '../model/network-view.ts';
import type { Order } from '../store/cluster.ts';

/**
 * What a host does for others, by name: the verbs of the library whose answers can be sent.
 *
 * What is asked comes from outside. The verbs themselves parse ids, specs and networks; what they
 * take as it is, is looked at here.
 */
type Verb = (mooring: Mooring, args: readonly Json[], signal: AbortSignal) => Promise<unknown>;

const VERBS: Readonly<Record<string, Verb>> = {
  up: async (mooring, [input], signal) =>
    dataOf(await mooring.up(input as unknown as UpInput, { signal })),
  create: (mooring, [input]) => mooring.create(input as unknown as UpInput),
  start: async (mooring, [id], signal) => dataOf(await mooring.start(text(id), { signal })),
  down: (mooring, [id, options]) => mooring.down(text(id), optional(options)),
  reload: (mooring, [id, options]) => mooring.reload(text(id), optional(options)),
  repair: (mooring, [id, options]) => mooring.repair(text(id), optional(options)),
  refresh: (mooring, [id]) => mooring.refresh(text(id)),
  connect: (mooring, [id, network]) =>
    mooring.connect(text(id), network as unknown as AttachmentInput),
  disconnect: (mooring, [id, network]) => mooring.disconnect(text(id), text(network)),
  inspect: (mooring, [id]) => mooring.inspect(text(id)),
  networkSettings: (mooring, [id]) => mooring.networkSettings(text(id)),
  examine: (mooring, [id]) => mooring.examine(text(id)),
  check: (mooring, [id]) => mooring.check(text(id)),
  stats: (mooring, [id]) => mooring.stats(text(id)),
  recover: (mooring) => mooring.recover({ busy: 'skip' }),
  gc: (mooring, [options]) => mooring.gc(optional(options)),
  'networks.create': ({ networks }, [input]) => networks.create(input as unknown as NetworkInput),
  'networks.list': ({ networks }, [filters]) => networks.list(filtersOf(filters)),
  'networks.inspect': ({ networks }, [name]) => networks.inspect(text(name)),
  'networks.remove': ({ networks }, [name, options]) =>
    networks.remove(text(name), optional(options)),
  'networks.prune': ({ networks }, [filters]) => networks.prune(filtersOf(filters)),
  'networks.exists': ({ networks }, [name]) => networks.exists(text(name))
};

/** @throws MooringError `host.unknownVerb`, and whatever the verb does */
export async function carryOut(
  mooring: Mooring,
  { verb, args }: Order,
  signal: AbortSignal
): Promise<Json> {
  const perform = Object.hasOwn(VERBS, verb) ? VERBS[verb] : undefined;
  if (perform === undefined) {
    throw new MooringError('host.unknownVerb', `${JSON.stringify(verb)} is nothing a host can do`);
  }
  const result = (await perform(mooring, args, signal)) ?? null;
  return result as Json;
}

function dataOf({ id, view, netns }: Container) {
  return { id, view, netns };
}

function text(arg: Json | undefined): string {
  if (typeof arg === 'string') return arg;
  throw new MooringError('host.badOrder', `${JSON.stringify(arg)} is not a name`);
}

function optional(arg: Json | undefined): object {
  if (arg === undefined || arg === null) return {};
  if (typeof arg === 'object' && !Array.isArray(arg)) return arg;
  throw new MooringError('host.badOrder', `${JSON.stringify(arg)} are no options`);
}

function filtersOf(arg: Json | undefined): readonly NetworkFilter[] {
  if (arg === undefined || arg === null) return [];
  if (Array.isArray(arg)) return arg as readonly NetworkFilter[];
  throw new MooringError('host.badOrder', `${JSON.stringify(arg)} are no filters`);
}
