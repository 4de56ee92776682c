-- Books one thing. The agency takes its time; if this machine stops meanwhile, another one goes on waiting.
local funcs = require("funcs")
local time = require("time")

local function main(order)
    local booking, err = funcs.call("app:reserve", order)
    if err then
        return nil, err
    end
    time.sleep("10ms")
    return booking
end

return { main = main }
