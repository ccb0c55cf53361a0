import { describe, expect, it } from 'vitest';
import type { KernelEvent, WatchedNetns } from '../../src/syscalls/watch-messages.ts';
import { pendingEvents } from '../../src/syscalls/watch-pending.ts';

const link = (netns: WatchedNetns, index: number, up = true): KernelEvent => ({
  kind: 'link',
  netns,
  index,
  name: `veth${index}`,
  present: true,
  up
});

function taken(...events: readonly KernelEvent[]): readonly KernelEvent[] {
  const pending = pendingEvents();
  events.forEach(pending.add);
  return pending.take();
}

describe('events that nobody has taken', () => {
  it('are one an object, with its last state', () => {
    expect(taken(link(null, 1, false), link(null, 1), link('web', 1))).toEqual([
      link(null, 1),
      link('web', 1)
    ]);
  });

  it('are given once', () => {
    const pending = pendingEvents();
    pending.add(link(null, 1));

    expect([pending.take().length, pending.take().length, pending.isEmpty()]).toEqual([1, 0, true]);
  });

  it('name every program that changed the firewall', () => {
    const by = (...programs: readonly string[]): KernelEvent => ({
      kind: 'firewall',
      backend: 'nftables',
      by: programs
    });

    expect(taken(by('nft'), by('iptables'), by('nft'))).toEqual([by('nft', 'iptables')]);
  });

  it('become an overrun where there are too many, and nowhere else', () => {
    const many = Array.from({ length: 5000 }, (_, index) => link('busy', index + 1));

    expect(taken(link('web', 1), ...many, { kind: 'exit', key: 'p' })).toEqual([
      link('web', 1),
      { kind: 'overrun', netns: 'busy', of: 'network' },
      { kind: 'exit', key: 'p' }
    ]);
  });

  it('say nothing more of a netns that must be looked at as a whole', () => {
    const overrun: KernelEvent = { kind: 'overrun', netns: null, of: 'network' };

    expect(taken(link(null, 1), overrun, link(null, 2))).toEqual([overrun]);
  });
});
