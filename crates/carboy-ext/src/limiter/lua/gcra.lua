-- KEYS: the time at which the counter is full again. ARGV: window in seconds, amount, cost; a cost of 0 only looks.
-- Answers whether the cost was taken, and in how many microseconds the counter is full.
local window, amount, cost = tonumber(ARGV[1]) * 1000000, tonumber(ARGV[2]), tonumber(ARGV[3])
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000000 + tonumber(time[2])
local full_at = math.max(tonumber(redis.call('GET', KEYS[1]) or 0), now)
local step = window / math.max(amount, 1)
local paid = full_at + step * cost
local taken = 0
if cost > 0 and cost <= amount and paid - now <= window + step * 0.00001 then
    taken = 1
    full_at = paid
    redis.call('SET', KEYS[1], string.format('%.3f', full_at), 'PX', math.ceil((full_at - now) / 1000))
end
return {taken, math.ceil(full_at - now)}
