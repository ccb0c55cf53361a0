import type { AttachmentSpec } from '../model/container.ts';
import { failureOf, MooringError, type Failure } from '../model/failure.ts';
import { isJsonObject, type Json } from '../model/json.ts';
import type { Owner, SharedAddress, SharedAddresses } from '../store/cluster.ts';
import type { Store } from '../store/store.ts';

/** Static addresses of this host's containers, which no container of any host has besides. */
export interface StaticAddresses {
  /**
   * @param from whose they may be so far
   * @throws MooringError `address.reserved`
   */
  reserve(container: string, networks: readonly AttachmentSpec[], from?: Owner): Promise<void>;
  /** @param networks absent: all that it has */
  release(container: string, networks?: readonly string[]): Promise<void>;
  /** Makes the others see what is recorded here. @returns what could not be done */
  reconcile(): Promise<readonly Failure[]>;
}

/** Kind of allocation by which they are recorded here: it is right while the store is away. */
const KIND = 'address';

export function staticAddresses(store: Store, shared: SharedAddresses): StaticAddresses {
  return { reserve, release, reconcile };

  async function reserve(
    container: string,
    networks: readonly AttachmentSpec[],
    from?: Owner
  ): Promise<void> {
    const wanted = networks.flatMap(({ network, ips = [] }) =>
      ips.map((address) => ({ network, address }))
    );
    if (wanted.length === 0) return;
    await shared.reserve(container, wanted, from);
    const names = new Set(wanted.map(addressText));
    await record(container, (before) => [
      ...before.filter((one) => !names.has(addressText(one))),
      ...wanted
    ]);
  }

  async function release(container: string, networks?: readonly string[]): Promise<void> {
    const isLeaving = ({ network }: SharedAddress) => networks?.includes(network) ?? true;
    const leaving = (await recorded()).filter(
      (one) => one.container === container && isLeaving(one)
    );
    if (leaving.length === 0) return;
    await record(container, (before) => before.filter((one) => !isLeaving(one)));
    try {
      await shared.release(container, leaving);
    } catch (error) {
      // It is away, and told when it is back.
      if (!(error instanceof MooringError) || !error.code.startsWith('store.')) throw error;
    }
  }

  async function reconcile(): Promise<readonly Failure[]> {
    const [here, there] = [await recorded(), await shared.list()];
    const failures: Failure[] = [];
    const ours = there.filter(({ owner }) => owner.host === store.host);
    const wanted = new Set(here.map((one) => `${one.container} ${addressText(one)}`));
    for (const { owner, ...address } of ours) {
      if (wanted.delete(`${owner.container} ${addressText(address)}`)) continue;
      await shared.release(owner.container, [address]);
    }
    for (const { container, ...address } of here) {
      if (!wanted.has(`${container} ${addressText(address)}`)) continue;
      try {
        await shared.reserve(container, [address]);
      } catch (error) {
        failures.push(failureOf(error, 'address', `reserving again for ${container}`));
      }
    }
    return failures;
  }

  async function recorded(): Promise<readonly (SharedAddress & { readonly container: string })[]> {
    const { entries } = await store.allocations(KIND);
    return entries.flatMap(({ owner, entry }) =>
      addressesIn(entry).map((address) => ({ container: owner, ...address }))
    );
  }

  async function record(
    container: string,
    change: (before: readonly SharedAddress[]) => readonly SharedAddress[]
  ): Promise<void> {
    for (;;) {
      const { version, entries } = await store.allocations(KIND);
      const before = entries.filter(({ owner }) => owner === container);
      const after = change(before.flatMap(({ entry }) => addressesIn(entry)));
      const texts = after.map((one): Json => ({ ...one }));
      if (await store.allocate(KIND, version, container, texts)) return;
    }
  }
}

function addressText({ network, address }: SharedAddress): string {
  return `${network} ${address}`;
}

function addressesIn(entry: Json): readonly SharedAddress[] {
  if (!isJsonObject(entry)) return [];
  const { network, address } = entry;
  return typeof network === 'string' && typeof address === 'string' ? [{ network, address }] : [];
}
