-- One order, from the order form to the parcel. Every step is recorded: when the machine that runs this
-- goes away, another one takes the order up where it stood, without charging anybody twice.
local funcs = require("funcs")
local logger = require("logger")
local time = require("time")
local workflow = require("workflow")

-- Search attributes can be looked for on the server: status = "shipping" AND customer_id = "ada"
local function enter(status)
    workflow.attrs({ search = { status = status } })
end

local function main(order)
    workflow.attrs({ search = { status = "validating", customer_id = order.customer_id } })
    local _, invalid = funcs.call("app:validate_order", order)
    if invalid then
        logger.warn("the order is rejected: " .. tostring(invalid))
        enter("rejected")
        return { status = "rejected", reason = tostring(invalid) }
    end

    enter("charging")
    local payment, declined = funcs.call("app:charge_payment", {
        order_id = order.id,
        customer = order.customer_id,
        amount = order.total,
    })
    if declined then
        enter("payment_failed")
        return { status = "payment_failed", reason = tostring(declined) }
    end

    enter("awaiting_fulfillment")
    logger.info("paid; one hour to change one's mind before it ships")
    time.sleep("1h")

    enter("shipping")
    local parcel, lost = funcs.call("app:ship_order", {
        order_id = order.id,
        address = order.address,
    })
    if lost then
        logger.warn("cannot ship, so the money goes back: " .. tostring(lost))
        funcs.call("app:refund_payment", payment.id)
        enter("refunded")
        return { status = "refunded", payment_id = payment.id, reason = tostring(lost) }
    end

    enter("completed")
    return { status = "completed", payment_id = payment.id, tracking = parcel.tracking }
end

return { main = main }
