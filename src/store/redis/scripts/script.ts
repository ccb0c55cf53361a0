/** A Lua script as a constant: nothing of it is made at run time. */
export interface Script {
  readonly name: string;
  /** How many of its values are keys. */
  readonly keys: number;
  readonly lua: string;
}

/**
 * `firstWaiter(queue, now, validMs)`: the first who still waits, or nil, and the highest order.
 *
 * A waiter is `order:until`. Those who have not asked again in time are dropped; a time too far
 * ahead is from before the server's clock went back, and cut short.
 */
export const FIRST_WAITER = `
local function firstWaiter(queue, now, validMs)
  local entries = redis.call('HGETALL', queue)
  local first, lowest, highest = nil, nil, 0
  for i = 1, #entries, 2 do
    local order, till = string.match(entries[i + 1], '^(%d+):(%d+)$')
    order, till = tonumber(order) or 0, tonumber(till) or 0
    if till > now + 2 * validMs then
      till = now + validMs
      redis.call('HSET', queue, entries[i], order .. ':' .. till)
    end
    if till < now then
      redis.call('HDEL', queue, entries[i])
    else
      if order > highest then highest = order end
      if not lowest or order < lowest then first, lowest = entries[i], order end
    end
  end
  return first, highest
end
`;

/** `nowMs()`: the server's clock, milliseconds. */
export const NOW = `
local function nowMs()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end
`;

/** `wakeFirst(lease, queue, validMs, channels)`: tells the first who waits, if the lease is free. */
export const WAKE_FIRST = `
local function wakeFirst(lease, queue, validMs, channels)
  if redis.call('EXISTS', lease) == 1 then return end
  local first = firstWaiter(queue, nowMs(), validMs)
  if first then redis.call('PUBLISH', channels .. string.match(first, '^[^:]*'), first) end
end
`;
