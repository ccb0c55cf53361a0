import type { KernelEvent, WatchedNetns } from './watch-messages.ts';

/** Events that nobody has taken yet. */
export interface PendingEvents {
  add(event: KernelEvent): void;
  /** Oldest object first; nothing is pending after it. */
  take(): readonly KernelEvent[];
  isEmpty(): boolean;
}

/** Objects in one netns; with more, it must be looked at again as a whole anyway. */
const OBJECTS_MAX = 256;
const PROGRAMS_MAX = 16;

/**
 * Keeps the last event of each object, and no more than a bounded number: of a netns where too
 * much happens only `overrun` is left. An exit or the loss of a netns is never dropped.
 */
export function pendingEvents(): PendingEvents {
  let events = new Map<string, KernelEvent>();
  let objects = new Map<WatchedNetns, Set<string>>();

  function overrun(netns: WatchedNetns): void {
    for (const key of objects.get(netns) ?? []) events.delete(key);
    objects.delete(netns);
    const event = { kind: 'overrun', netns, of: 'network' } as const;
    events.set(objectOf(event), event);
  }

  return {
    add(event) {
      const key = objectOf(event);
      if (event.kind === 'overrun' && event.of === 'network') {
        overrun(event.netns);
        return;
      }
      if (event.kind === 'firewall') {
        const before = events.get(key);
        events.set(key, before === undefined ? event : mergedEvents(before, event));
        return;
      }
      if (event.kind !== 'link' && event.kind !== 'address' && event.kind !== 'route') {
        events.set(key, event);
        return;
      }
      if (events.has(objectOf({ kind: 'overrun', netns: event.netns, of: 'network' }))) return;
      const known = objects.get(event.netns) ?? new Set();
      objects.set(event.netns, known.add(key));
      events.set(key, event);
      if (known.size > OBJECTS_MAX) overrun(event.netns);
    },
    take() {
      const taken = [...events.values()];
      events = new Map();
      objects = new Map();
      return taken;
    },
    isEmpty: () => events.size === 0
  };
}

/** One event for two of the same object: the later one, with the programs of both. */
export function mergedEvents(before: KernelEvent, now: KernelEvent): KernelEvent {
  if (before.kind !== 'firewall' || now.kind !== 'firewall') return now;
  return { ...now, by: [...new Set([...before.by, ...now.by])].slice(0, PROGRAMS_MAX) };
}

/** Two events with the same text are of the same object. */
export function objectOf(event: KernelEvent): string {
  switch (event.kind) {
    case 'link':
      return JSON.stringify([event.kind, event.netns, event.index]);
    case 'address':
      return JSON.stringify([event.kind, event.netns, event.index, event.address]);
    case 'route': {
      const { kind, netns, table, destination, gateway, index } = event;
      return JSON.stringify([kind, netns, table, destination, gateway, index]);
    }
    case 'firewall':
      return JSON.stringify([event.kind, event.backend]);
    case 'exit':
      return JSON.stringify([event.kind, event.key]);
    case 'netns':
      return JSON.stringify([event.kind, event.netns]);
    case 'overrun':
      return JSON.stringify([event.kind, event.netns, event.of]);
  }
}
