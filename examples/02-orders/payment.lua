-- A payment service, simulated: it answers the same to the same request.
local errors = require("errors")
local logger = require("logger")

local CREDIT_LIMIT = 5000

local function charge(request)
    if request.amount > CREDIT_LIMIT then
        return nil, errors.new("PERMISSION_DENIED", "the card does not cover " .. request.amount)
    end
    -- The order's id makes the payment's: charging once more by mistake would be the same payment.
    local payment = { id = "pay-" .. request.order_id, amount = request.amount }
    logger.info("charged " .. request.customer .. " " .. payment.amount .. " (" .. payment.id .. ")")
    return payment
end

local function refund(payment_id)
    logger.info("refunded " .. payment_id)
    return { id = payment_id, refunded = true }
end

return { charge = charge, refund = refund }
