import { FIRST_WAITER, NOW, WAKE_FIRST, type Script } from './script.ts';

/**
 * `isHeld(lease, owner, token)`. Owners are unique for ever, so that a token that was given out
 * twice, as after lost writes, confuses nobody.
 */
const IS_HELD = `
local function isHeld(lease, owner, token)
  local held = redis.call('HMGET', lease, 'owner', 'token')
  return held[1] == owner and held[2] == token
end
`;

/** `keepLine(journal, log, field, line, most, again)`: appends to the stream and the actor's list. */
const KEEP_LINE = `
local function keepLine(journal, log, field, line, most, again)
  local id
  if again then
    id = redis.call('XADD', journal, 'MAXLEN', '~', most, '*', 'k', field, 'l', line, 'again', 1)
  else
    id = redis.call('XADD', journal, 'MAXLEN', '~', most, '*', 'k', field, 'l', line)
  end
  redis.call('RPUSH', log, id)
  redis.call('LTRIM', log, -1024, -1)
  return id
end
`;

/**
 * Appends a record and makes it the actor's last, if the lease is held and the last is as known.
 *
 * KEYS: 1 lease, 2 actors, 3 journal, 4 log
 *
 * ARGV: 1 owner; 2 token; 3 life of the lease, ms; 4 field of the actor; 5 hash of the record
 * before, '' for the first; 6 line; 7 its hash; 8 records the journal keeps, about; 9 channel that
 * is told
 *
 * Returns `written`, also when it was already; `lost`; or `moved`: the last record is another.
 */
export const COMMIT: Script = {
  name: 'mooringCommit',
  keys: 4,
  lua: `
${IS_HELD}
${KEEP_LINE}
if not isHeld(KEYS[1], ARGV[1], ARGV[2]) then return 'lost' end
local last = redis.call('HGET', KEYS[2], ARGV[4])
local hash = last and string.sub(last, -34, -3) or ''
if hash == ARGV[7] then return 'written' end
if hash ~= ARGV[5] then return 'moved' end
redis.call('HSET', KEYS[2], ARGV[4], ARGV[6])
local id = keepLine(KEYS[3], KEYS[4], ARGV[4], ARGV[6], ARGV[8], false)
redis.call('PEXPIRE', KEYS[1], ARGV[3])
redis.call('PUBLISH', ARGV[9], id)
return 'written'
`
};

/** `putAway(actors, log, past, taken, field, pastMs)`: an actor that has ended, with its journal for a while. */
const PUT_AWAY = `
local function putAway(actors, log, past, taken, field, pastMs)
  redis.call('HDEL', actors, field)
  redis.call('HDEL', taken, field)
  if redis.call('EXISTS', log) == 1 then
    redis.call('RENAME', log, past)
    redis.call('PEXPIRE', past, pastMs)
  end
end
`;

/**
 * Puts an actor where its host knows it to rest, after the server lost records.
 *
 * KEYS: 1 lease, 2 actors, 3 journal, 4 log, 5 past, 6 taken over
 *
 * ARGV: 1 owner; 2 token; 3 field of the actor; 4 its last line, or '' when there is no such actor
 * any more; 5 records the journal keeps, about; 6 channel that is told; 7 whether the journal's
 * records of the actor are none of its own, 1 or 0; 8 how long the journal of one that has ended is
 * kept, ms; 9… lines that the journal lacks, the oldest first
 *
 * Returns `written`, also when it was already; or `lost`.
 */
export const RESTORE: Script = {
  name: 'mooringRestore',
  keys: 6,
  lua: `
${IS_HELD}
${KEEP_LINE}
${PUT_AWAY}
if not isHeld(KEYS[1], ARGV[1], ARGV[2]) then return 'lost' end
local last = redis.call('HGET', KEYS[2], ARGV[3]) or ''
if last == ARGV[4] then return 'written' end
if ARGV[7] == '1' then redis.call('DEL', KEYS[4]) end
local id = ''
for i = 9, #ARGV do id = keepLine(KEYS[3], KEYS[4], ARGV[3], ARGV[i], ARGV[5], true) end
if ARGV[4] == '' then
  putAway(KEYS[2], KEYS[4], KEYS[5], KEYS[6], ARGV[3], ARGV[8])
else
  redis.call('HSET', KEYS[2], ARGV[3], ARGV[4])
end
redis.call('PUBLISH', ARGV[6], id)
return 'written'
`
};

/**
 * Drops an actor that has ended, with its lease; its journal is kept for a while.
 *
 * KEYS: 1 lease, 2 queue, 3 actors, 4 log, 5 past, 6 taken over
 *
 * ARGV: 1 owner; 2 token; 3 field of the actor; 4 how long its journal is kept, ms; 5 how long a
 * waiter counts, ms; 6 begin of the channels' names
 *
 * Returns `ended`, also when it was already; or `lost`.
 */
export const FORGET: Script = {
  name: 'mooringForget',
  keys: 6,
  lua: `
${NOW}
${FIRST_WAITER}
${WAKE_FIRST}
${IS_HELD}
${PUT_AWAY}
if not isHeld(KEYS[1], ARGV[1], ARGV[2]) then
  local isNone = redis.call('EXISTS', KEYS[1]) == 0 and redis.call('HEXISTS', KEYS[3], ARGV[3]) == 0
  return isNone and 'ended' or 'lost'
end
putAway(KEYS[3], KEYS[4], KEYS[5], KEYS[6], ARGV[3], ARGV[4])
redis.call('DEL', KEYS[1])
wakeFirst(KEYS[1], KEYS[2], tonumber(ARGV[5]), ARGV[6])
return 'ended'
`
};
