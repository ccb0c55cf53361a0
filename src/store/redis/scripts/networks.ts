import type { Script } from './script.ts';

/**
 * Defines a network for all hosts, if its name and its subnets are free.
 *
 * KEYS: 1 networks, 2 version
 *
 * ARGV: 1 name; 2 definition, JSON; 3 channel that is told; 4… ranges of its subnets, `first last` in
 * hexadecimal digits, 8 or 32 each
 *
 * Returns one of `defined`, also when it was so already; `exists`, definition; `overlaps`, the other's
 * definition.
 */
export const DEFINE: Script = {
  name: 'mooringDefine',
  keys: 2,
  lua: `
local same = redis.call('HGET', KEYS[1], ARGV[1])
if same == ARGV[2] then return { 'defined' } end
if same then return { 'exists', same } end
local all = redis.call('HGETALL', KEYS[1])
for i = 2, #all, 2 do
  local isJson, other = pcall(cjson.decode, all[i])
  local ranges = isJson and type(other) == 'table' and other.ranges or {}
  for _, range in ipairs(ranges) do
    local first, last = string.match(range, '^(%x+) (%x+)$')
    for j = 4, #ARGV do
      local begins, ends = string.match(ARGV[j], '^(%x+) (%x+)$')
      if #begins == #first and begins <= last and first <= ends then return { 'overlaps', all[i] } end
    end
  end
end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
redis.call('INCR', KEYS[2])
redis.call('PUBLISH', ARGV[3], ARGV[1])
return { 'defined' }
`
};

/**
 * KEYS: 1 networks, 2 version
 *
 * ARGV: 1 name; 2 channel that is told
 *
 * Returns 1; 0 when there was none.
 */
export const UNDEFINE: Script = {
  name: 'mooringUndefine',
  keys: 2,
  lua: `
if redis.call('HDEL', KEYS[1], ARGV[1]) == 0 then return 0 end
redis.call('INCR', KEYS[2])
redis.call('PUBLISH', ARGV[2], ARGV[1])
return 1
`
};

/**
 * Reserves addresses, all or none.
 *
 * KEYS: 1 addresses
 *
 * ARGV: 1 owner; 2 owner whose they may be so far, or ''; 3… addresses
 *
 * Returns `{}`; or the address that is another's, and whose.
 */
export const RESERVE: Script = {
  name: 'mooringReserve',
  keys: 1,
  lua: `
for i = 3, #ARGV do
  local owner = redis.call('HGET', KEYS[1], ARGV[i])
  if owner and owner ~= ARGV[1] and owner ~= ARGV[2] then return { ARGV[i], owner } end
end
for i = 3, #ARGV do redis.call('HSET', KEYS[1], ARGV[i], ARGV[1]) end
return {}
`
};

/**
 * KEYS: 1 addresses
 *
 * ARGV: 1 owner; 2… addresses
 *
 * Returns how many were the owner's.
 */
export const UNRESERVE: Script = {
  name: 'mooringUnreserve',
  keys: 1,
  lua: `
local count = 0
for i = 2, #ARGV do
  if redis.call('HGET', KEYS[1], ARGV[i]) == ARGV[1] then
    redis.call('HDEL', KEYS[1], ARGV[i])
    count = count + 1
  end
end
return count
`
};
