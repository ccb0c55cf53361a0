import { FIRST_WAITER, NOW, WAKE_FIRST, type Script } from './script.ts';

/**
 * Gives a lease back, or leaves its queue, or both; then tells the first who waits.
 *
 * KEYS: 1 lease, 2 queue
 *
 * ARGV: 1 owner; 2 waiter or ''; 3 how long a waiter counts, ms; 4 begin of the channels' names
 *
 * Returns whether the lease was the owner's, 1 or 0.
 */
export const RELEASE: Script = {
  name: 'mooringRelease',
  keys: 2,
  lua: `
${NOW}
${FIRST_WAITER}
${WAKE_FIRST}
if ARGV[2] ~= '' then redis.call('HDEL', KEYS[2], ARGV[2]) end
local isMine = redis.call('HGET', KEYS[1], 'owner') == ARGV[1]
if isMine then redis.call('DEL', KEYS[1]) end
wakeFirst(KEYS[1], KEYS[2], tonumber(ARGV[3]), ARGV[4])
return isMine and 1 or 0
`
};

/**
 * Lets a lease live on.
 *
 * KEYS: 1 lease
 *
 * ARGV: 1 owner; 2 life of the lease, ms
 *
 * Returns 1; 0 when it is another's or nobody's.
 */
export const RENEW: Script = {
  name: 'mooringRenew',
  keys: 1,
  lua: `
if redis.call('HGET', KEYS[1], 'owner') ~= ARGV[1] then return 0 end
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return 1
`
};
