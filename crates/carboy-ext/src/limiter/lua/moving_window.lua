-- KEYS: a list of times, the newest first. ARGV: the start of the window. Answers the oldest time in it and how many there are.
local start = tonumber(ARGV[1])
local first, behind = 0, redis.call('LLEN', KEYS[1])
while first < behind do
    local middle = math.floor((first + behind) / 2)
    if tonumber(redis.call('LINDEX', KEYS[1], middle)) >= start then
        first = middle + 1
    else
        behind = middle
    end
end
if first == 0 then
    return {false, 0}
end
return {redis.call('LINDEX', KEYS[1], first - 1), first}
