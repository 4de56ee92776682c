-- Answers when its name is called, leaves when told to go, and falls over when asked to dance. When the
-- room is gone it waits until there is one again.
local time = require("time")

local function join(name)
    while not process.send("room", "join", name) do
        time.sleep("10ms")
    end
    process.monitor(process.registry.lookup("room"))
end

local function main(name)
    local heard = process.listen("heard")
    local events = process.events()
    join(name)

    while true do
        local r = channel.select { events:case_receive(), heard:case_receive() }
        if r.channel == events then
            if r.value.kind == process.event.CANCEL then
                return
            end
            join(name)
        elseif r.value:find("hello " .. name, 1, true) then
            process.send("room", "say", "hello")
        elseif r.value:find("go, " .. name, 1, true) then
            return
        elseif r.value:find("dance, " .. name, 1, true) then
            error(name .. " cannot dance")
        end
    end
end

return { main = main }
