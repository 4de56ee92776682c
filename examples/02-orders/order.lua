-- What makes an order one that can be carried out.
local errors = require("errors")

local function validate(order)
    if type(order.items) ~= "table" or #order.items == 0 then
        return nil, errors.new("INVALID", "an order needs at least one item")
    end
    if type(order.total) ~= "number" or order.total <= 0 then
        return nil, errors.new("INVALID", "the total must be more than nothing")
    end
    return true
end

return { validate = validate }
