-- Books all parts of a trip at the same time. When one cannot be had, those that could are given back, the
-- last one first.
local funcs = require("funcs")

local function give_back(reserved)
    for i = #reserved, 1, -1 do
        local _, err = funcs.call("app:release", reserved[i])
        if err then
            -- What cannot be undone must be seen by somebody.
            return nil, errors.wrap(err, "giving back " .. reserved[i].what)
        end
    end
    return true
end

local function main(trip)
    local events = process.events()
    local parts = {} -- PID of a booking to its number

    for i, what in ipairs(trip.parts) do
        local pid, err = process.spawn("app:booking", "app:worker", { what = what, traveller = trip.traveller })
        if err then
            return nil, err
        end
        parts[pid] = i
    end

    -- A child always tells its parent how it ended.
    local ended = {}
    for _ = 1, #trip.parts do
        local event = events:receive()
        ended[parts[event.from]] = event.result
    end

    local reserved, problem = {}, nil
    for _, result in ipairs(ended) do
        if result.error then
            problem = problem or result.error
        else
            table.insert(reserved, result.value)
        end
    end
    if problem == nil then
        return { status = "booked", bookings = reserved }
    end

    local _, err = give_back(reserved)
    if err then
        return nil, err
    end
    return { status = "given up", reason = problem:message(), given_back = #reserved }
end

return { main = main }
