import { FIRST_WAITER, NOW, type Script } from './script.ts';

/**
 * Asks for a lease, and queues up when it is another's.
 *
 * KEYS: 1 lease, 2 queue, 3 token, 4 about the host, 5 actors, 6 taken over
 *
 * ARGV: 1 owner, unique for ever; 2 holder, JSON; 3 life of the lease, ms; 4 a token that this one
 * must exceed; 5 waiter, `process:number`, or '' not to queue; 6 how long a waiter counts that does
 * not ask again, ms; 7 owner known to be dead, or ''; 8 field of the actor; 9 identity of whose the
 * host's name is, or '' for a visitor; 10 boot id
 *
 * Returns one of
 * `granted`, token, the actor's last line or '', who took it over or '';
 * `taken`, ms the lease has left, holder or '', owner or '';
 * `foreign`, what is known of the host's other owner.
 *
 * The same owner asking twice is granted once, and told the same.
 *
 * The token is the greatest of: one more than the last, one more than ARGV 4, and the server's
 * clock in units of 16 µs. The clock makes it grow when the last one was lost with the server's
 * data; ARGV 4 does for a host's own, whatever the clock says. It has at most 15 digits.
 */
export const ACQUIRE: Script = {
  name: 'mooringAcquire',
  keys: 6,
  lua: `
${NOW}
${FIRST_WAITER}
local ttl, validMs = tonumber(ARGV[3]), tonumber(ARGV[6])

local function granted(token)
  local line = redis.call('HGET', KEYS[5], ARGV[8])
  local taken = redis.call('HGET', KEYS[6], ARGV[8])
  return { 'granted', token, line or '', taken or '' }
end

if ARGV[9] ~= '' then
  local about = redis.call('HMGET', KEYS[4], 'root', 'boot')
  if about[1] and about[1] ~= ARGV[9] then
    return { 'foreign', about[1] }
  end
  if about[2] ~= ARGV[10] then
    redis.call('HSET', KEYS[4], 'v', 1, 'root', ARGV[9], 'boot', ARGV[10])
  end
end

local held = redis.call('HMGET', KEYS[1], 'owner', 'token', 'holder')
if held[1] == ARGV[1] then
  redis.call('PEXPIRE', KEYS[1], ttl)
  return granted(held[2])
end

local now = nowMs()
local first, highest = firstWaiter(KEYS[2], now, validMs)
local isFree = not held[1] or held[1] == ARGV[7]
if isFree and (not first or first == ARGV[5]) then
  local time = redis.call('TIME')
  local last = tonumber(redis.call('GET', KEYS[3]) or '0')
  local clock = math.floor((time[1] * 1000000 + time[2]) / 16)
  local token = string.format('%.0f', math.max(last + 1, tonumber(ARGV[4]) + 1, clock))
  redis.call('SET', KEYS[3], token)
  redis.call('DEL', KEYS[1])
  redis.call('HSET', KEYS[1], 'v', 1, 'owner', ARGV[1], 'token', token, 'holder', ARGV[2])
  redis.call('PEXPIRE', KEYS[1], ttl)
  if first then redis.call('HDEL', KEYS[2], ARGV[5]) end
  return granted(token)
end

-- Longer than any holder asks for: the server's clock went back.
local left = redis.call('PTTL', KEYS[1])
if left > ttl then
  redis.call('PEXPIRE', KEYS[1], ttl)
  left = ttl
end
if ARGV[5] ~= '' then
  local before = redis.call('HGET', KEYS[2], ARGV[5])
  local order = before and string.match(before, '^%d+') or highest + 1
  redis.call('HSET', KEYS[2], ARGV[5], order .. ':' .. (now + validMs))
  redis.call('PEXPIRE', KEYS[2], 2 * validMs)
end
return { 'taken', left, held[3] or '', held[1] or '' }
`
};
