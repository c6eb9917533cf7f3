-- KEYS: a list of times, the newest first. ARGV: now, amount, window in seconds, cost.
local amount, window, cost = tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
if cost > amount then
    return 0
end
-- The hit that this one would push out must have left the window by itself.
local pushed_out = redis.call('LINDEX', KEYS[1], amount - cost)
if pushed_out and tonumber(pushed_out) >= tonumber(ARGV[1]) - window then
    return 0
end
for _ = 1, cost do
    redis.call('LPUSH', KEYS[1], ARGV[1])
end
redis.call('LTRIM', KEYS[1], 0, amount - 1)
redis.call('EXPIRE', KEYS[1], window)
return 1
