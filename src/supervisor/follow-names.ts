import { join } from 'node:path';
import type { Logger } from 'pino';
import type { Registry } from '../actors/registry.ts';
import { containerView } from '../actors/views.ts';
import { watchFiles } from '../effects/watch/files.ts';
import type { RootlessNetnsContext } from '../machines/rootless-netns.ts';
import { failureOf } from '../model/failure.ts';
import { ROOTLESS_NETNS } from '../model/uplink.ts';
import { OUTER_DIR } from '../private-host/mount-plan.ts';
import { outerPath } from '../private-host/outer.ts';
import type { Store } from '../store/store.ts';
import { isLive } from '../model/view.ts';

export interface NamesDeps {
  readonly store: Store;
  readonly registry: Registry;
  /** Has containers write their files again. */
  readonly refresh: (ids: readonly string[]) => Promise<void>;
  readonly log: Pick<Logger, 'warn' | 'error'>;
}

export interface NamesFollowed {
  /** Resolves when nothing is being written any more. */
  close(): Promise<void>;
}

const RESOLV_CONFS = ['/etc/resolv.conf', '/run/systemd/resolve/resolv.conf'];

/**
 * Follows the host's resolv.conf and hosts: when they change, the resolv.conf of the private host
 * and the files of its containers are written again, in place.
 */
export function followNames(deps: NamesDeps): NamesFollowed {
  const { log } = deps;
  let watch = begin();
  let work = Promise.resolve();
  let isDue = false;
  return {
    async close() {
      watch.close();
      await work;
    }
  };

  function begin() {
    return watchFiles({
      ...{ resolvConfs: sources(), confDirs: [], pluginDirs: [], netnsDirs: [] },
      onChange,
      onTrouble: (failure) => log.warn({ failure }, failure.message)
    });
  }

  function onChange(): void {
    // A link may lead elsewhere now.
    watch.close();
    watch = begin();
    // Several files may change at once, and one look is enough for all.
    if (isDue) return;
    isDue = true;
    work = work
      .then(() => {
        isDue = false;
        return follow(deps);
      })
      .catch((error: unknown) => {
        log.error({ failure: failureOf(error, 'supervisor') }, 'following the host’s resolv.conf');
      });
  }
}

/** The files, and the links on the way to them as the private host sees them. */
function sources(): readonly string[] {
  const paths = RESOLV_CONFS.flatMap((path) => [join(OUTER_DIR, path), outerPath(path)]);
  return [...new Set([...paths, '/etc/hosts'])];
}

async function follow({ store, registry, refresh }: NamesDeps): Promise<void> {
  const key = { kind: 'rootlessNetns', id: ROOTLESS_NETNS } as const;
  const actor = await store.load(key);
  if (actor?.value === 'ready') {
    const { context } = actor.snapshot as unknown as { readonly context: RootlessNetnsContext };
    const [holder] = context.holders;
    // Held once more by who holds it: it is looked at, and its resolv.conf written.
    await registry.ask(key, { type: 'rootlessNetns.hold', rootlessNetns: key.id, holder: holder! });
  }
  const listed = await store.list('container');
  const ids = listed
    .flatMap((entry) => ('actor' in entry ? [containerView(entry.actor, store.boot)] : []))
    .filter(({ state }) => isLive(state))
    .map(({ id }) => id);
  if (ids.length > 0) await refresh(ids);
}
