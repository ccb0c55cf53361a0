import { MooringError } from '../../model/failure.ts';
import { onAbortOf } from '../../store/loss.ts';
import type { Key, Lease } from '../../store/store.ts';
import type { Task } from './clock.ts';
import { TTL_MS } from './redis-server.ts';
import { lost } from './store-state.ts';
import type { Site } from './world.ts';

/** How much earlier than the server a holder counts its lease as over. */
const MARGIN_MS = 1_000;
const RENEW_MS = TTL_MS / 3;

/** What a process holds for a time: it renews that, and counts itself out before the server does. */
export interface RedisLeases {
  hold(key: Key, token: number, askedAt: number): Lease;
  end(lease: Lease): void;
  /** @throws MooringError `lease.lost` */
  expectHeld(lease: Lease): void;
  /** @throws whatever a write was refused for, when the lease is seen to be lost by it */
  tellLost(lease: Lease, error: unknown): never;
  all(): readonly Lease[];
}

/** Of a process: its lease, and what ends it. */
interface Held {
  readonly lease: Lease;
  readonly fence: AbortController;
  deadline: number;
  renewal: Task | undefined;
  margin: Task | undefined;
}

/** @param isFenced whether a holder looks at its lease at all */
export function redisLeases(
  { host: { clock }, owner }: Site,
  isFenced: boolean,
  askRenewal: (lease: Lease) => Promise<boolean>
): RedisLeases {
  const held = new Map<Lease, Held>();
  return { hold, end, expectHeld, tellLost, all: () => [...held.keys()] };

  function hold(key: Key, token: number, askedAt: number): Lease {
    const fence = new AbortController();
    const lease = {
      key,
      token,
      signal: fence.signal,
      onLost: onAbortOf(fence.signal),
      check: () => expectHeld(lease)
    };
    const holding: Held = { lease, fence, deadline: 0, renewal: undefined, margin: undefined };
    held.set(lease, holding);
    extend(holding, askedAt);
    return lease;
  }

  /** The server counts from when it was asked, we from before we asked. */
  function extend(holding: Held, askedAt: number): void {
    holding.deadline = askedAt + TTL_MS - MARGIN_MS;
    if (holding.margin) holding.margin.cancelled = true;
    holding.margin = clock.at(holding.deadline - clock.now, owner, () => fenceOff(holding));
    holding.renewal = clock.at(RENEW_MS, owner, () => void renew(holding));
  }

  async function renew(holding: Held): Promise<void> {
    const { lease } = holding;
    const askedAt = clock.now;
    try {
      const isHeld = await askRenewal(lease);
      if (!held.has(lease)) return;
      if (isHeld) extend(holding, askedAt);
      else fenceOff(holding);
    } catch {
      // It is asked again until the margin says that it is too late.
      if (held.has(lease)) holding.renewal = clock.at(500, owner, () => void renew(holding));
    }
  }

  function fenceOff({ lease, fence }: Held): void {
    if (!held.has(lease) || !isFenced) return;
    end(lease);
    fence.abort(lost(lease.key, lease.token));
  }

  function end(lease: Lease): void {
    const holding = held.get(lease);
    held.delete(lease);
    for (const timer of [holding?.renewal, holding?.margin]) if (timer) timer.cancelled = true;
  }

  function expectHeld(lease: Lease): void {
    const holding = held.get(lease);
    if (!isFenced || (holding !== undefined && clock.now <= holding.deadline)) return;
    if (holding !== undefined) fenceOff(holding);
    throw lost(lease.key, lease.token);
  }

  function tellLost(lease: Lease, error: unknown): never {
    const holding = held.get(lease);
    if (error instanceof MooringError && error.code === 'lease.lost' && holding) fenceOff(holding);
    throw error;
  }
}
