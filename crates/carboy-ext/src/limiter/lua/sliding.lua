-- KEYS: the counter of the window before, that of this one. ARGV: window in seconds, amount, cost; a cost of 0 only looks.
-- A counter lives for two windows: in its second one it is the one before. Answers whether the cost was taken, and the hits and
-- milliseconds of both.
local before, this = KEYS[1], KEYS[2]
local window, amount, cost = tonumber(ARGV[1]) * 1000, tonumber(ARGV[2]), tonumber(ARGV[3])

local left = redis.call('PTTL', this)
if left > 0 and left < window then
    redis.call('RENAME', this, before)
    redis.call('SET', this, 0, 'PX', left + window)
end

local function counter(key)
    return tonumber(redis.call('GET', key) or 0), math.max(redis.call('PTTL', key), 0)
end
local hits_before, before_for = counter(before)
local hits, this_for = counter(this)

local taken = 0
if cost > 0 and cost <= amount and math.floor(hits_before * before_for / window) + hits + cost <= amount then
    taken = 1
    if redis.call('EXISTS', this) == 1 then
        redis.call('INCRBY', this, cost)
    else
        redis.call('SET', this, cost, 'PX', window * 2)
    end
end
return {taken, hits_before, before_for, hits, this_for}
