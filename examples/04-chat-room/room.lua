-- Knows who is in, and passes on what is said. It hears of everybody's end, however it comes about.
local function main()
    local inbox = process.inbox()
    local events = process.events()
    local names = {} -- PID to name

    local function tell_all(line)
        for pid in pairs(names) do
            process.send(pid, "heard", line)
        end
    end

    while true do
        local r = channel.select { events:case_receive(), inbox:case_receive() }
        if r.channel == inbox then
            local who, said = r.value:from(), r.value:payload():data()
            if r.value:topic() == "join" then
                process.monitor(who)
                for _, name in pairs(names) do
                    process.send(who, "heard", "* " .. name .. " is here")
                end
                names[who] = said
                tell_all("* " .. said .. " is here")
            elseif names[who] then
                tell_all(names[who] .. ": " .. said)
            end
        elseif r.value.kind == process.event.CANCEL then
            return
        else
            local name = names[r.value.from]
            names[r.value.from] = nil
            tell_all("* " .. name .. (r.value.result.error and " fell over" or " has left"))
        end
    end
end

return { main = main }
