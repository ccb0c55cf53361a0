import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { openEmbedded } from '../embedded/embedded.ts';
import { codeOf } from '../embedded/files.ts';
import { parseAddress } from '../redis/address.ts';
import { connect } from '../redis/connection.ts';
import { hostKeys } from '../redis/keys.ts';
import { redisStore } from '../redis/redis.ts';
import type { Kind, Store } from '../store.ts';
import { clusterOf } from './cluster.ts';
import { hostedStore } from './hosted.ts';
import { unsyncedIn } from './unsynced.ts';

export interface HostedOptions {
  /** `redis://…` or a relative of it. */
  readonly url: string;
  /** State directory of the host, absolute. */
  readonly root: string;
  /** Name of this host among the others. */
  readonly host: string;
  readonly boot: string;
  readonly kinds: readonly Kind[];
  /** Told of what goes wrong while nobody waits for it. */
  readonly onTrouble: (error: unknown) => void;
}

/**
 * Opens the store of a host that shares it with others. It connects in the background: what needs
 * no other host does not wait for it.
 *
 * @throws MooringError `store.badUrl`, `store.unsafe`, `host.badName`, `store.badRoot`, `store.badFormat`
 */
export async function openHosted(options: HostedOptions): Promise<Store> {
  const { url, root, host, boot, kinds, onTrouble } = options;
  const address = parseAddress(url);
  const keys = hostKeys(address.prefix, host);
  const files = await openEmbedded({ root, host, boot });
  const connection = connect(address);
  const shared = redisStore({ connection, host, boot, root: identityOf(root) });
  const unsynced = unsyncedIn(root);
  const closing = new AbortController();
  const store = hostedStore({ files, shared, connection, unsynced });
  const bringTogether = async (key: Parameters<Store['tryAcquire']>[0]) => {
    const lease = await store.acquire(key, { timeoutMs: BRING_WITHIN_MS, removing: true });
    await store.release(lease);
  };
  const { store: own, layout } = files;
  const cluster = clusterOf({
    ...{ connection, keys, layout, own, unsynced, kinds, bringTogether, onTrouble },
    closing: closing.signal
  });
  return {
    ...store,
    cluster,
    async close() {
      closing.abort();
      await store.close();
      connection.close();
    }
  };
}

/** Whoever works on an actor brings it together as well, so nobody waits long for that. */
const BRING_WITHIN_MS = 5_000;

/** Tells a machine and a directory from another of the same name, also after the directory was lost. */
function identityOf(root: string): string {
  return createHash('sha256').update(`${machineId()} ${root}`).digest('hex').slice(0, 16);
}

function machineId(): string {
  try {
    return readFileSync('/etc/machine-id', 'utf8').trim();
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return '';
    throw error;
  }
}
