-- A thermometer. It knows where the record is by its name: workflows have PIDs that anybody can write down.
local time = require("time")

local RECORD = "{app:worker|app:service/record}"

local function main(name)
    process.events() -- asked for, so that a stop is orderly
    process.send(RECORD, "hello", name)
    for i = 1, math.huge do
        process.send(RECORD, "reading", 20 + i % 5)
        local event = process.events():receive_timeout("200ms")
        if event then
            return
        end
        if name == "roof" and i % 10 == 0 then
            error("the wind took the thermometer on the " .. name)
        end
    end
end

return { main = main }
