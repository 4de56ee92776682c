-- A parcel service, simulated: it knows every address but one.
local errors = require("errors")
local logger = require("logger")

local function ship(parcel)
    if parcel.address == "Nowhere Lane 0" then
        return nil, errors.new("NOT_FOUND", "address not found: " .. parcel.address)
    end
    local tracking = "parcel-" .. parcel.order_id
    logger.info("shipped to " .. parcel.address .. " (" .. tracking .. ")")
    return { tracking = tracking }
end

return { ship = ship }
