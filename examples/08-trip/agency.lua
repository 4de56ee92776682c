-- The travel agency: activities, run once as far as a workflow can tell.
local function reserve(order)
    if order.what == "balloon" then
        return nil, errors.new("NOT_FOUND", "no balloon to be had")
    end
    print("reserved " .. order.what .. " for " .. order.traveller)
    return { what = order.what, number = order.what .. "-" .. order.traveller }
end

local function release(booking)
    print("gave back " .. booking.number)
    return true
end

return { reserve = reserve, release = release }
