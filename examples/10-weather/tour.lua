-- Waits until the roof has lost a sensor and has a new one.
local time = require("time")

local RECORD = "{app:worker|app:service/record}"

local function main()
    local reports = process.listen("report")
    while true do
        process.send(RECORD, "report")
        local report = reports:receive()
        if report.readings.roof and report.lost.roof.INTERNAL and report.readings.roof > 10 then
            return report
        end
        time.sleep("200ms")
    end
end

return { main = main }
