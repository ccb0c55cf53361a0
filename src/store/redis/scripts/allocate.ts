import type { Script } from './script.ts';

/**
 * Replaces one owner's allocations, if nobody has changed any since.
 *
 * KEYS: 1 allocations, 2 kinds of them
 *
 * ARGV: 1 version seen, or '' for a host that knows best; 2 owner; 3 entries, JSON, `[]` for none; 4 id of this change, unique for ever; 5 kind
 *
 * Returns 1 when it is done, also by this very change before; else 0.
 */
export const ALLOCATE: Script = {
  name: 'mooringAllocate',
  keys: 2,
  lua: `
local before = redis.call('HMGET', KEYS[1], 'version', 'by')
if before[2] == ARGV[4] then return 1 end
local version = before[1] or '0'
if ARGV[1] ~= '' and version ~= ARGV[1] then return 0 end
if ARGV[3] == '[]' then
  redis.call('HDEL', KEYS[1], 'of:' .. ARGV[2])
else
  redis.call('HSET', KEYS[1], 'of:' .. ARGV[2], ARGV[3])
end
redis.call('HSET', KEYS[1], 'v', 1, 'version', string.format('%.0f', version + 1), 'by', ARGV[4])
redis.call('SADD', KEYS[2], ARGV[5])
return 1
`
};
