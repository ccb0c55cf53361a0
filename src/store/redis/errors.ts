import { MooringError } from '../../model/failure.ts';

/** What the first word of an error reply means. */
const REPLIES: ReadonlyMap<string, string> = new Map([
  ['LOADING', 'store.loading'],
  ['READONLY', 'store.readonly'],
  ['MASTERDOWN', 'store.readonly'],
  ['CLUSTERDOWN', 'store.unreachable'],
  ['TRYAGAIN', 'store.busy'],
  ['BUSY', 'store.busy'],
  ['OOM', 'store.full'],
  ['NOAUTH', 'store.denied'],
  ['WRONGPASS', 'store.denied'],
  ['NOPERM', 'store.denied'],
  ['MOVED', 'store.notACluster'],
  ['ASK', 'store.notACluster'],
  ['CROSSSLOT', 'store.notACluster'],
  ['MISCONF', 'store.misconfigured'],
  ['NOREPLICAS', 'store.notReplicated'],
  ['WRONGTYPE', 'store.corrupt']
]);

/** What another moment, or another connection, may put right. */
const PASSING: ReadonlySet<string> = new Set([
  'store.loading',
  'store.readonly',
  'store.unreachable',
  'store.busy'
]);

/** @param doing what was done, to what: `committing container/web` */
export function storeError(error: unknown, doing: string): MooringError {
  if (error instanceof MooringError) return error;
  return new MooringError(codeOf(error), `${doing}: Redis: ${textOf(error)}`, { cause: error });
}

/** Whether it is worth asking again. */
export function isPassing(error: unknown): boolean {
  return !(error instanceof MooringError) && PASSING.has(codeOf(error));
}

/** Whether only another connection can be of help: one that answers, or leads to the primary. */
export function needsReconnect(error: unknown): boolean {
  const isSilent = !isReply(error) && textOf(error) === 'Command timed out';
  return isSilent || codeOf(error) === 'store.readonly';
}

/** Whether the server itself said no. */
export function isReply(error: unknown): boolean {
  return error instanceof Error && error.name === 'ReplyError';
}

function codeOf(error: unknown): string {
  const message = textOf(error);
  if (isReply(error)) {
    const [word = ''] = /^[A-Z]+\b/.exec(scriptless(message)) ?? [];
    return REPLIES.get(word) ?? 'store.failed';
  }
  return message.includes('timed out') ? 'store.timedOut' : 'store.unreachable';
}

function textOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.name === 'MaxRetriesPerRequestError' ? 'the connection was lost' : error.message;
}

// Before Redis 7, what a script ran into is told as
// `ERR Error running script (call to f_…): @user_script:1: -OOM command not allowed …`.
function scriptless(message: string): string {
  return /^ERR Error running script.*?-([A-Z]+ .*)/.exec(message)?.[1] ?? message;
}
