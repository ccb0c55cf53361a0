import type { Script } from './script.ts';

/**
 * Gives an order to a host's agent, if one is alive.
 *
 * KEYS: 1 agent, 2 commands, 3 answer
 *
 * ARGV: 1 order, JSON; 2 how long it is waited for, ms; 3 notice that is given of the answer; 4 orders
 * that are kept, about; 5 channel that is told
 *
 * Returns 1, also when it was given already; 0 without an agent.
 */
export const GIVE: Script = {
  name: 'mooringGive',
  keys: 3,
  lua: `
if redis.call('EXISTS', KEYS[3]) == 1 then return 1 end
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
redis.call('HSET', KEYS[3], 'v', 1, 'state', 'given', 'notice', ARGV[3])
redis.call('PEXPIRE', KEYS[3], ARGV[2])
redis.call('XADD', KEYS[2], 'MAXLEN', '~', ARGV[4], '*', 'o', ARGV[1])
redis.call('PUBLISH', ARGV[5], '')
return 1
`
};

/**
 * Takes up an order, once.
 *
 * KEYS: 1 answer
 *
 * Returns the state it was in: `given`, and it is `begun` from now on; `begun`, by an agent that
 * died at it; `answered`; or '' when nobody waits for it any more.
 */
export const BEGIN: Script = {
  name: 'mooringBegin',
  keys: 1,
  lua: `
local state = redis.call('HGET', KEYS[1], 'state')
if state == 'given' then redis.call('HSET', KEYS[1], 'state', 'begun') end
return state or ''
`
};

/**
 * Answers an order, and takes it off the stream.
 *
 * KEYS: 1 answer, 2 commands
 *
 * ARGV: 1 id in the stream; 2 group; 3 answer, JSON; 4 how long it is kept, ms; 5 begin of the channels'
 * names
 *
 * Returns 1.
 */
export const ANSWER: Script = {
  name: 'mooringAnswer',
  keys: 2,
  lua: `
redis.call('XACK', KEYS[2], ARGV[2], ARGV[1])
redis.call('XDEL', KEYS[2], ARGV[1])
local notice = redis.call('HGET', KEYS[1], 'notice')
if notice then
  redis.call('HSET', KEYS[1], 'state', 'answered', 'answer', ARGV[3])
  redis.call('PEXPIRE', KEYS[1], ARGV[4])
  redis.call('PUBLISH', ARGV[5] .. string.match(notice, '^[^:]*'), notice)
end
return 1
`
};

/**
 * Says that an agent is alive, or that it is no longer.
 *
 * KEYS: 1 agent
 *
 * ARGV: 1 agent, JSON; 2 for how long, ms; 0: it ends
 *
 * Returns 1; 0 when it ended and another has come already.
 */
export const PRESENCE: Script = {
  name: 'mooringPresence',
  keys: 1,
  lua: `
if ARGV[2] ~= '0' then
  redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
  return 1
end
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])
`
};
