import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { MooringEvent } from '../../../src/bus/events.ts';
import type { RequestOf } from '../../../src/bus/requests.ts';
import type { EffectContext } from '../../../src/effects/effects.ts';
import { firstAddAlone } from '../../../src/effects/networks/first-add.ts';
import { fileLock } from '../../../src/effects/networks/plugin-lock.ts';
import { USAGE, usageOwner } from '../../../src/effects/networks/usage.ts';
import { memoryStore } from '../../../src/store/memory.ts';

let dir = '';
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'first-add-'));
});
afterEach(() => {
  rmSync(dir, { recursive: true });
});

type Add = RequestOf<'cni.add'>;

/** ADDs that end when they are told to, by processes that share a store and a lock. */
async function world(networks: readonly string[]) {
  const store = memoryStore();
  const usage = { chains: [], bridges: [], boot: store.boot };
  for (const [version, network] of networks.entries()) {
    await store.allocate(USAGE, version, usageOwner(network), [usage]);
  }
  const begun: string[] = [];
  const ends = new Map<string, (isAdded: boolean) => void>();
  const begins: (() => void)[] = [];
  const perform = ({ container, attachment }: Add) =>
    new Promise<MooringEvent>((resolve) => {
      const { network } = attachment;
      begun.push(container);
      ends.set(container, (isAdded) => {
        resolve(
          isAdded
            ? { type: 'attachment.added', container, network, result: { cniVersion: '1.0.0' } }
            : {
                type: 'attachment.addFailed',
                container,
                network,
                failure: { code: 'cni.11', message: 'no' }
              }
        );
      });
      for (const wake of begins.splice(0)) wake();
    });
  return {
    begun,
    /** One process. */
    process: (patienceMs = 60_000) => {
      const lock = fileLock(join(dir, 'first-add.lock'));
      const add = firstAddAlone({ store, lock, patienceMs }, perform);
      return (container: string, network = 'front') => add(request(container, network), CONTEXT);
    },
    end: (container: string, isAdded = true) => ends.get(container)!(isAdded),
    async until(count: number) {
      while (begun.length < count) await new Promise<void>((resolve) => begins.push(resolve));
    },
    settled: async () => JSON.stringify((await store.allocations(USAGE)).entries)
  };
}

function request(container: string, network: string): Add {
  const plugins = [{ type: 'bridge' }, { type: 'firewall' }];
  return { container, attachment: { network, conflist: { plugins }, capabilityArgs: {} } } as never;
}

const CONTEXT = { signal: new AbortController().signal } as EffectContext;

describe('the first ADD of a network', () => {
  it('is over before the others begin, which then run side by side', async () => {
    const { process, begun, until, end } = await world(['front']);
    const [one, other] = [process(), process()];
    const adding = [one('a'), one('b'), other('c')];
    await until(1);
    const first = begun[0]!;
    end(first);
    await until(3);

    expect(new Set(begun)).toEqual(new Set(['a', 'b', 'c']));
    begun.slice(1).forEach((container) => end(container));
    const facts = await Promise.all(adding);
    expect(facts.map(({ type }) => type)).toEqual(facts.map(() => 'attachment.added'));
  });

  it('leaves its place to the next when it fails', async () => {
    const { process, begun, until, end, settled } = await world(['front']);
    const one = process();
    const adding = [one('a'), one('b')];
    await until(1);
    end(begun[0]!, false);
    await until(2);
    expect(await settled()).not.toContain('settled');
    end(begun[1]!);
    await Promise.all(adding);

    expect(await settled()).toContain('"settled":["firewall"]');
  });

  it('holds up the others only so long when it hangs, those of other networks too', async () => {
    const { process, begun, until, end } = await world(['front', 'back']);
    const [one, other] = [process(), process(1)];
    const hangs = one('a');
    await until(1);
    const beside = [other('b'), other('c', 'back')];
    await until(3);

    expect(begun.toSorted()).toEqual(['a', 'b', 'c']);
    ['a', 'b', 'c'].forEach((container) => end(container));
    await Promise.all([hangs, ...beside]);
  });
});
