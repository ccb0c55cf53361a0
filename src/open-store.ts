import { hostname } from 'node:os';
import type { Logger } from 'pino';
import { KINDS } from './actors/machines.ts';
import { failureOf, MooringError } from './model/failure.ts';
import { bootOf, type Settings } from './settings.ts';
import { embeddedStore } from './store/embedded/embedded.ts';
import { isRedisUrl } from './store/redis/address.ts';
import type { Store } from './store/store.ts';

/** @throws MooringError `store.unknown`, `store.badUrl`, and as the store itself */
export async function openStore(settings: Settings, log: Logger): Promise<Store> {
  const { root, store, hostName: host = hostname() } = settings;
  const boot = bootOf(settings);
  if (store === 'embedded') return embeddedStore({ root, host, boot });
  if (!isRedisUrl(store)) {
    throw new MooringError(
      'store.unknown',
      `store ${JSON.stringify(store)} is not known: it is "embedded", or a URL of Redis`
    );
  }
  // Loaded when it is wanted: a host that has its store for itself starts faster.
  const { openHosted } = await import('./store/hosted/open.ts');
  const onTrouble = (error: unknown) => {
    log.warn({ failure: failureOf(error, 'store') }, 'the store');
  };
  return openHosted({ url: store, root, host, boot, kinds: KINDS, onTrouble });
}
