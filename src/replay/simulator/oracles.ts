import { containerContext, stateOf } from '../../actors/views.ts';
import type { Json } from '../../model/json.ts';
import { keyText, type Key } from '../../store/store.ts';
import type { ContainerContext } from '../../machines/container-context.ts';
import { isForeign, OUTSIDE, type Change, type Kernel, type Thing } from './kernel.ts';
import { missingFrom } from './missing.ts';
import { bridgeOf } from './networks.ts';
import type { Kept, StoreState } from './store-state.ts';
import type { Watcher } from './world.ts';

/** Watches one host for what must never be so. */
export interface HostOracle {
  onChange(change: Omit<Change, 'at'>): void;
  onCommit(kept: Kept): void;
  onForget(key: Key): void;
  /** When nothing is under way and nothing amiss any more. */
  atRest(): void;
  /** When everything was taken down. */
  atEnd(): void;
}

/** Who changes the host without asking in a journal, and may: the agent starts keepers again. */
export const AGENT = 'agent';

export function hostOracle(
  host: () => { readonly kernel: Kernel; readonly state: StoreState },
  watcher: Watcher
): HostOracle {
  const asked = new Map<string, Key | undefined>([
    [OUTSIDE, undefined],
    [AGENT, undefined]
  ]);
  const states = new Map<string, string>();
  let isDamaged = false;
  const tokens = new Map<string, number>();

  return {
    onChange({ verb, thing, by }) {
      const what = `${verb} ${thing.kind} ${thing.name}`;
      if (!asked.has(by)) watcher.violated('I6', `${what} by ${by}, which no journal asks for`);
      if (isForeign(thing) && by !== OUTSIDE) {
        watcher.violated('I3', `${what}, which is another's`);
      }
      const key = asked.get(by);
      if (by === OUTSIDE && verb === 'remove') isDamaged = true;
      if (verb === 'remove' && key && !isForeign(thing)) checkOwner(thing, key);
      if (verb === 'add' && !isForeign(thing)) checkShared(thing);
    },

    onCommit(kept) {
      const { key, token, commit } = kept;
      for (const { id } of commit.requests) asked.set(id, key);
      const name = keyText(key);
      const last = tokens.get(name) ?? 0;
      if (token < last) watcher.violated('I6', `${name}: token ${token} writes after ${last}`);
      tokens.set(name, token);
      if (key.kind === 'container') checkCommit(kept);
    },

    onForget(key) {
      if (key.kind !== 'container') return;
      states.delete(key.id);
      checkGone(key.id, 'is forgotten');
    },

    atRest() {
      const { state } = host();
      for (const entry of state.list('container')) {
        if ('actor' in entry) checkContainer(entry.key.id);
      }
    },

    atEnd() {
      const { kernel, state } = host();
      const left = kernel.all().filter((thing) => !isForeign(thing));
      for (const { kind, name } of left) watcher.violated('I1', `${kind} ${name} is left`);
      for (const key of state.keys()) watcher.violated('I1', `the record of ${key} is left`);
      for (const { owner } of state.allocations('port').entries) {
        watcher.violated('I1', `a port of ${owner} is left in the store`);
      }
    }
  };

  /** Nothing is given to two. */
  function checkShared(thing: Thing): void {
    const isPort = thing.kind === 'rule' && thing.name.startsWith('dnat ');
    if (thing.kind !== 'address' && !isPort) return;
    const kind = isPort ? 'dnat ' : '';
    const same = host().kernel.find(
      thing.kind,
      ({ value, of, name }) => value === thing.value && of !== thing.of && name.startsWith(kind)
    );
    if (same) watcher.violated('I2', `${thing.value} is given to ${thing.of} and to ${same.of}`);
  }

  function checkContainer(id: string): void {
    const { state } = host();
    const actor = state.load({ kind: 'container', id })!;
    const at = stateOf(actor.value);
    if (actor.outstanding.length > 0) {
      watcher.violated('I5', `${id} is ${at} and waits for ${actor.outstanding[0]!.request.type}`);
      return;
    }
    if (at === 'stuck') watcher.violated('I5', `${id} is stuck though nothing is refused any more`);
    if (at === 'failed' || at === 'absent' || at === 'defined') checkGone(id, `is ${at}`);
    if (at === 'up') checkUp(id, containerContext(actor));
  }

  function checkUp(id: string, context: ContainerContext): void {
    for (const what of missingFrom(host().kernel, id, context)) {
      watcher.violated('I4', `${id} is up without ${what}`);
    }
  }

  // What has just come up has all that it should, unless somebody else took it away.
  function checkCommit({ key, commit }: Kept): void {
    const at = stateOf(commit.value);
    // A netns that was refused itself stays.
    if (at === 'stuck' && commit.event.type !== 'resources.releaseFailed') checkStuck(key.id);
    const isNew = at === 'up' && states.get(key.id) !== 'up';
    states.set(key.id, at);
    if (isNew && !isDamaged) checkUp(key.id, contextIn(commit.snapshot));
  }

  /** A bridge is its network's; all else is of one container, and only it takes that away. */
  function checkOwner({ kind, name, of, netns }: Thing, by: Key): void {
    const { kernel, state } = host();
    if (kind === 'bridge') {
      const user = kernel.find('veth', (veth) => bridgeOf(veth.of.split('/')[1]!) === name);
      if (user) watcher.violated('I3', `bridge ${name} is removed while ${user.of} is on it`);
      return;
    }
    if (by.kind === 'container' && of.split('/')[0] !== by.id) {
      watcher.violated('I3', `${kind} ${name} of ${of} is removed by ${by.id}`);
    }
    if (kind !== 'netns') return;
    for (const entry of state.list('container')) {
      if (!('actor' in entry) || stateOf(entry.actor.value) !== 'up') continue;
      if (containerContext(entry.actor).netns?.inode !== String(netns)) continue;
      watcher.violated('I3', `netns ${name} is removed while ${entry.key.id} is up in it`);
    }
  }

  // The netns goes in any case, unless somebody shares it.
  function checkStuck(id: string): void {
    const namespace = host().state.load({ kind: 'namespace', id });
    const { holders } = (namespace?.snapshot as { context?: { holders?: readonly string[] } })
      ?.context ?? { holders: [] };
    if (holders?.includes(id) && namespace?.value === 'ready') {
      watcher.violated('I1', `${id} is stuck and keeps its netns`);
    }
  }

  function checkGone(id: string, because: string): void {
    const { kernel, state } = host();
    // A netns stays as long as somebody shares it.
    const isShared = state.load({ kind: 'namespace', id }) !== undefined;
    for (const { kind, name, of } of kernel.all()) {
      if (of !== id && !of.startsWith(`${id}/`)) continue;
      if (isShared && (kind === 'netns' || kind === 'mount')) continue;
      watcher.violated('I1', `${id} ${because} and ${kind} ${name} is left`);
    }
  }
}

function contextIn(snapshot: Json): ContainerContext {
  return (snapshot as unknown as { readonly context: ContainerContext }).context;
}
