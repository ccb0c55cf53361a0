import { MooringError } from '../../model/failure.ts';

/**
 * Whether Redis can't be used now, for whatever reason. Then what is only to be taken away is, by
 * the host's own journal; everything else is told the reason.
 */
export function isAway(error: unknown): error is MooringError {
  if (!(error instanceof MooringError)) return false;
  return error.code.startsWith('store.') && !OURS.has(error.code);
}

/** Of this host, or of how it was set up. */
const OURS: ReadonlySet<string> = new Set([
  'store.closed',
  'store.badKey',
  'store.hostTaken',
  'store.notACluster'
]);
