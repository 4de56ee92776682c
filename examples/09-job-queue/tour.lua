-- Brings ten pictures, one of which cannot be resized.
local function main()
    local queue = assert(process.spawn_monitored("app:queue", "app:worker"))
    for i = 1, 10 do
        process.send(queue, "job", { name = "picture " .. i, width = i == 7 and 0 or 100 * i })
    end
    process.send(queue, "close")
    return process.events():receive().result.value
end

return { main = main }
