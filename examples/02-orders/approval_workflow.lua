-- Asks a person. It waits for an "approve" or a "cancel" message for as long as that takes, days and
-- restarts included.
local logger = require("logger")
local workflow = require("workflow")

local function main(order)
    workflow.attrs({ search = { status = "awaiting_approval", customer_id = order.customer_id } })
    logger.info("waiting for somebody to approve " .. order.total)

    local inbox = process.inbox()
    while true do
        local msg = inbox:receive()
        local topic = msg:topic()
        local data = msg:payload():data() or {}

        if topic == "approve" then
            workflow.attrs({ search = { status = "approved" } })
            return { status = "approved", by = data.by }
        elseif topic == "cancel" then
            workflow.attrs({ search = { status = "cancelled" } })
            return { status = "cancelled", reason = data.reason }
        end

        logger.warn('"' .. topic .. '" is neither approve nor cancel')
    end
end

return { main = main }
