-- Keeps what sensors say. It monitors each of them, as any process would: one that fails, and one whose
-- machine is gone, are told apart by the kind of the error.
local function main()
    local inbox = process.inbox()
    local events = process.events()
    local names = {} -- PID of a sensor to its name
    local readings = {} -- name to how many
    local lost = {} -- name to kind of error, to how often

    local on = {
        hello = function(sensor, name)
            names[sensor] = name
            lost[name] = lost[name] or {}
            readings[name] = readings[name] or 0
            process.monitor(sensor)
            print(name .. " is there")
        end,
        reading = function(sensor, degrees)
            local name = names[sensor]
            if name then
                readings[name] = readings[name] + 1
            end
        end,
        report = function(from)
            process.send(from, "report", { readings = readings, lost = lost })
        end,
    }

    while true do
        local r = channel.select({ events:case_receive(), inbox:case_receive() })
        if r.channel == inbox then
            local handle = on[r.value:topic()]
            if handle then
                handle(r.value:from(), r.value:payload():data())
            end
        elseif r.value.kind == process.event.CANCEL then
            return { readings = readings, lost = lost }
        else
            local name, err = names[r.value.from], r.value.result.error
            names[r.value.from] = nil
            if name then
                local kind = err and err:kind() or "none"
                lost[name][kind] = (lost[name][kind] or 0) + 1
                print(name .. " is lost: " .. (err and kind .. ": " .. err:message() or "it has ended"))
            end
        end
    end
end

return { main = main }
