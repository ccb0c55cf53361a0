import type { Script } from './script.ts';

/**
 * Replaces one owner's allocations, if nobody has changed any since.
 *
 * KEYS: 1 allocations
 *
 * ARGV: 1 version seen; 2 owner; 3 entries, JSON, `[]` for none; 4 id of this change, unique for ever
 *
 * Returns 1 when it is done, also by this very change before; else 0.
 */
export const ALLOCATE: Script = {
  name: 'mooringAllocate',
  keys: 1,
  lua: `
local before = redis.call('HMGET', KEYS[1], 'version', 'by')
if before[2] == ARGV[4] then return 1 end
if (before[1] or '0') ~= ARGV[1] then return 0 end
if ARGV[3] == '[]' then
  redis.call('HDEL', KEYS[1], 'of:' .. ARGV[2])
else
  redis.call('HSET', KEYS[1], 'of:' .. ARGV[2], ARGV[3])
end
redis.call('HSET', KEYS[1], 'v', 1, 'version', string.format('%.0f', ARGV[1] + 1), 'by', ARGV[4])
return 1
`
};
