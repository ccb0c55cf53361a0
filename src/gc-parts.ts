import { nanoid } from 'nanoid';
import type { Registry } from './actors/registry.ts';
import type { ResultCache } from './effects/cni/cache.ts';
import type { EffectContext, Effects } from './effects/effects.ts';
import type { RunTool } from './effects/firewall/iptables.ts';
import type { IpamLease } from './effects/gc/leases.ts';
import type { PinnedFile } from './effects/gc/pinned.ts';
import type { RuleOwner } from './effects/gc/rules.ts';
import type { Trace } from './effects/gc/traces.ts';
import type { Failure } from './model/failure.ts';
import type { Garbage } from './model/garbage.ts';
import type { Store } from './store/store.ts';

export interface GcParts {
  readonly store: Store;
  readonly registry: Registry;
  readonly effects: Pick<Effects, 'cni.del' | 'firewall.sweep' | 'network.tidy'>;
  readonly run: RunTool;
  readonly cache: ResultCache;
  /** State directory. */
  readonly root: string;
  /** Where netns are pinned, and under which names. */
  readonly netnsDir: string;
  readonly netnsName: (namespace: string) => string;
  readonly releasePorts: (container: string, context: EffectContext) => Promise<void>;
  readonly removeFiles: (container: string) => Promise<void>;
}

/** All that might be somebody's, as it stands on the host and in the store. */
export interface Seen {
  /** What the result cache held before anything was removed from it. */
  readonly proofs: readonly Trace[];
  readonly traces: readonly Trace[];
  readonly leases: readonly IpamLease[];
  readonly rules: readonly RuleOwner[];
  readonly pinned: readonly PinnedFile[];
  /** Containers that have host ports, recorded or kept bound. */
  readonly ports: ReadonlySet<string>;
  /** Containers that have files. */
  readonly files: ReadonlySet<string>;
  readonly holds: readonly Hold[];
  /** Networks of which is noted what they left. */
  readonly usage: readonly string[];
}

export interface Hold {
  readonly kind: 'namespace' | 'network';
  readonly id: string;
  readonly holder: string;
}

/** A thing to remove; `failure`: why it is better left alone. */
export interface Item extends Garbage {
  readonly failure?: Failure;
  remove(): Promise<void>;
}

/** For effects that are asked for outside of any actor. */
export function newContext(): EffectContext {
  return {
    operation: nanoid(),
    askedAt: Date.now(),
    correlation: nanoid(),
    // What a dead process may have begun is looked for as well.
    repeated: true,
    signal: new AbortController().signal
  };
}
