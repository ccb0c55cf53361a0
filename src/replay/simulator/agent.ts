import { stateOf, containerContext } from '../../actors/views.ts';
import { commandText, perform } from './commands.ts';
import type { SimProcess } from './process.ts';
import { AGENT } from './oracles.ts';
import type { StoreState } from './store-state.ts';
import type { Plants, SimHost } from './world.ts';
import { isLive } from '../../model/view.ts';

/**
 * What the agent does when it has seen that the host was changed: it looks after every container
 * that is up, and starts again what keeps their ports.
 */
export async function lookAfter(
  host: SimHost,
  state: StoreState,
  process: SimProcess,
  { keepsPorts = true }: Plants
): Promise<void> {
  for (const entry of state.list('container')) {
    if (!('actor' in entry) || !isLive(stateOf(entry.actor.value))) continue;
    const { id } = entry.key;
    if (keepsPorts) keepPorts(host, state, id);
    const command = { verb: 'repair', container: id } as const;
    const outcome = await perform(process, command);
    host.watcher.note(() => `${process.site.process} ${commandText(command)}: ${outcome}`);
  }
}

function keepPorts({ kernel }: SimHost, state: StoreState, id: string): void {
  const actor = state.load({ kind: 'container', id });
  if (actor === undefined || actor.outstanding.length > 0) return;
  const { ports } = containerContext(actor);
  const base = { of: id, netns: 0, value: id };
  for (const { hostPort } of ports) {
    const name = String(hostPort);
    if (!kernel.get('socket', name)) kernel.add({ kind: 'socket', name, ...base }, AGENT);
  }
  const keeper = `keeper ${id}`;
  if (ports.length > 0 && !kernel.get('process', keeper)) {
    kernel.add({ kind: 'process', name: keeper, ...base }, AGENT);
  }
}
