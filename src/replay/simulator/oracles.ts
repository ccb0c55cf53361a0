import { containerContext, stateOf } from '../../actors/views.ts';
import { keyText, type Key } from '../../store/store.ts';
import { inodeOf } from './chain.ts';
import { isThere, wantedOf } from './drifts.ts';
import { isForeign, OUTSIDE, type Change, type Kernel, type Thing } from './kernel.ts';
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
  const asked = new Set<string>([OUTSIDE, AGENT]);
  const tokens = new Map<string, number>();

  return {
    onChange({ verb, thing, by }) {
      const what = `${verb} ${thing.kind} ${thing.name}`;
      if (!asked.has(by)) watcher.violated('I6', `${what} by ${by}, which no journal asks for`);
      if (isForeign(thing) && by !== OUTSIDE) {
        watcher.violated('I3', `${what}, which is another's`);
      }
      if (verb === 'add' && !isForeign(thing)) checkShared(thing);
    },

    onCommit({ key, token, commit }) {
      for (const { id } of commit.requests) asked.add(id);
      const name = keyText(key);
      const last = tokens.get(name) ?? 0;
      if (token < last) watcher.violated('I6', `${name}: token ${token} writes after ${last}`);
      tokens.set(name, token);
    },

    onForget(key) {
      if (key.kind === 'container') checkGone(key.id, 'is forgotten');
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
      for (const key of state.keys) watcher.violated('I1', `the record of ${key} is left`);
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
    const same = host()
      .kernel.ofKind(thing.kind)
      .find(
        ({ value, of, name }) => value === thing.value && of !== thing.of && name.startsWith(kind)
      );
    if (same) watcher.violated('I2', `${thing.value} is given to ${thing.of} and to ${same.of}`);
  }

  function checkContainer(id: string): void {
    const { state, kernel } = host();
    const actor = state.load({ kind: 'container', id })!;
    const at = stateOf(actor.value);
    if (actor.outstanding.length > 0) {
      watcher.violated('I5', `${id} is ${at} and waits for ${actor.outstanding[0]!.request.type}`);
      return;
    }
    if (at === 'stuck') watcher.violated('I5', `${id} is stuck though nothing is refused any more`);
    if (at === 'failed' || at === 'absent' || at === 'defined') checkGone(id, `is ${at}`);
    if (at === 'up')
      for (const what of missing()) watcher.violated('I4', `${id} is up without ${what}`);

    function missing(): readonly string[] {
      const { spec, netns, attachments, ports, files } = containerContext(actor);
      const inode = inodeOf(kernel, { netns });
      const things = attachments.flatMap((attachment) => wantedOf(id, attachment, inode ?? -1));
      const sockets = ports.map(({ hostPort }) => String(hostPort));
      const networks = spec!.networks.filter(
        ({ network }) => !attachments.some((one) => one.network === network && one.result)
      );
      return [
        ...(inode === undefined ? ['its netns'] : []),
        ...networks.map(({ network }) => `network ${network}`),
        ...things
          .filter(({ thing }) => !isThere(kernel, thing))
          .map(({ thing }) => `${thing.kind} ${thing.name}`),
        ...sockets
          .filter((name) => kernel.get('socket', name)?.of !== id)
          .map((name) => `port ${name}`),
        ...(files !== null && !kernel.get('file', id) ? ['its files'] : [])
      ];
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
