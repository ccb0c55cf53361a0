import type { Script } from './script.ts';

/**
 * Takes a container away from a host that is dead.
 *
 * KEYS: 1 lease, 2 agent, 3 actors, 4 taken over, 5 token
 *
 * ARGV: 1 field of the actor; 2 who takes it, JSON; 3 host that takes it
 *
 * Returns one of `took`, the actor's last line; `alive`; `held`, holder; `absent`; `taken`, who has it.
 * The same host asking twice is answered the same.
 *
 * Whoever held the lease has lost it, and every token from now on is greater.
 */
export const TAKE_OVER: Script = {
  name: 'mooringTakeOver',
  keys: 5,
  lua: `
local line = redis.call('HGET', KEYS[3], ARGV[1])
if not line then return { 'absent' } end
local before = redis.call('HGET', KEYS[4], ARGV[1])
if before then
  if string.find(before, '"host":"' .. ARGV[3] .. '"', 1, true) then return { 'took', line } end
  return { 'taken', before }
end
if redis.call('EXISTS', KEYS[2]) == 1 then return { 'alive' } end
local holder = redis.call('HGET', KEYS[1], 'holder')
if holder then return { 'held', holder } end
redis.call('INCR', KEYS[5])
redis.call('HSET', KEYS[4], ARGV[1], ARGV[2])
return { 'took', line }
`
};

/**
 * Gives a container back that a host has taken over.
 *
 * KEYS: 1 taken over
 *
 * ARGV: 1 field of the actor; 2 host that has it
 *
 * Returns 1; 0 when that host does not have it.
 */
export const GIVE_BACK: Script = {
  name: 'mooringGiveBack',
  keys: 1,
  lua: `
local by = redis.call('HGET', KEYS[1], ARGV[1])
if not by or not string.find(by, '"host":"' .. ARGV[2] .. '"', 1, true) then return 0 end
return redis.call('HDEL', KEYS[1], ARGV[1])
`
};
