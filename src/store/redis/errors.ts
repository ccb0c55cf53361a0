import { MooringError } from '../../model/failure.ts';

/** What Redis, or the way to it, answered. */
interface Meaning {
  readonly code: string;
  /** Whether it is certain that nothing was done, so that it may be asked for again. */
  readonly undone: boolean;
}

/** By the first word of an error reply. */
const REPLIES: Readonly<Record<string, Meaning>> = {
  LOADING: { code: 'store.loading', undone: true },
  READONLY: { code: 'store.readonly', undone: true },
  MASTERDOWN: { code: 'store.readonly', undone: true },
  CLUSTERDOWN: { code: 'store.unreachable', undone: true },
  TRYAGAIN: { code: 'store.busy', undone: true },
  BUSY: { code: 'store.busy', undone: true },
  OOM: { code: 'store.full', undone: true },
  NOAUTH: { code: 'store.denied', undone: true },
  WRONGPASS: { code: 'store.denied', undone: true },
  NOPERM: { code: 'store.denied', undone: true },
  MOVED: { code: 'store.notACluster', undone: true },
  ASK: { code: 'store.notACluster', undone: true },
  CROSSSLOT: { code: 'store.notACluster', undone: true },
  MISCONF: { code: 'store.misconfigured', undone: true },
  NOREPLICAS: { code: 'store.notReplicated', undone: true },
  WRONGTYPE: { code: 'store.corrupt', undone: true }
};

/** By what ioredis says when there was no reply. */
const SILENCES: readonly (readonly [RegExp, Meaning])[] = [
  [/Stream isn't writeable/, { code: 'store.unreachable', undone: true }],
  [/Cluster isn't ready/, { code: 'store.unreachable', undone: true }],
  [
    /Failed to refresh slots cache|None of startup nodes/,
    { code: 'store.unreachable', undone: true }
  ],
  [/All sentinels are unreachable/, { code: 'store.unreachable', undone: true }],
  [/timed out/, { code: 'store.timedOut', undone: false }]
];

/** @param doing what was done, to what: `committing container/web` */
export function storeError(error: unknown, doing: string): MooringError {
  if (error instanceof MooringError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new MooringError(meaningOf(error).code, `${doing}: Redis: ${message}`, { cause: error });
}

/** Whether the command certainly had no effect, and another moment may be better. */
export function mayRetry(error: unknown): boolean {
  const { code, undone } = meaningOf(error);
  return undone && TRANSIENT.has(code);
}

/** Whether only another connection can be of help: to the primary that there is now. */
export function needsReconnect(error: Error): boolean {
  return /^(READONLY|MASTERDOWN)\b/.test(scriptless(error.message));
}

const TRANSIENT = new Set(['store.loading', 'store.readonly', 'store.unreachable', 'store.busy']);

function meaningOf(error: unknown): Meaning {
  const message = scriptless(error instanceof Error ? error.message : String(error));
  if (error instanceof Error && error.name === 'ReplyError') {
    return REPLIES[/^[A-Z]+\b/.exec(message)?.[0] ?? ''] ?? OTHER_REPLY;
  }
  return SILENCES.find(([pattern]) => pattern.test(message))?.[1] ?? OTHER_SILENCE;
}

const OTHER_REPLY: Meaning = { code: 'store.failed', undone: false };
const OTHER_SILENCE: Meaning = { code: 'store.unreachable', undone: false };

// Before Redis 7, what a script ran into is told as
// `ERR Error running script (call to f_…): @user_script:1: -OOM command not allowed …`.
function scriptless(message: string): string {
  return /^ERR Error running script.*?-([A-Z]+ .*)/.exec(message)?.[1] ?? message;
}
