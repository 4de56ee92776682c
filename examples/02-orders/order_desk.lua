-- The order desk. Customers send it letters; each order becomes a workflow, which the desk watches.
--
-- Topics: it reads "letter" (the order, as JSON text) and answers the sender with
--   "accepted"         order id                      the order is in hand
--   "approval_needed"  order id, PID                 send that PID "approve" or "cancel"
--   "finished"         order id, result of the order
--
-- A letter that it cannot read makes it fail. That is all the error handling it needs: its service opens
-- a new desk, and orders in hand do not notice, because they are processes of their own, on another host.
local json = require("json")
local logger = require("logger")

local APPROVE_ABOVE = 1000

-- Starts `entry` for an order, under a name: when it is running already, this finds it instead.
local function open_case(cases, entry, case)
    local name = entry:match("(%a+)_workflow$") .. "-" .. case.order.id
    local pid, err = process
        .with_options({})
        :with_name(name)
        :spawn_monitored(entry, "app:worker", case.order)
    if err then
        return nil, err
    end
    cases[pid] = { entry = entry, order = case.order, customer = case.customer }
    return pid
end

local function take_letter(cases, letter)
    local case = {
        -- Fails, and the desk with it, for what is not JSON.
        order = assert(json.decode(letter:payload():data())),
        customer = letter:from(),
    }
    local id, total = case.order.id, case.order.total

    if total > APPROVE_ABOVE then
        local pid = assert(open_case(cases, "app:approval_workflow", case))
        logger.info("order " .. id .. " is over " .. APPROVE_ABOVE .. ": somebody has to approve it")
        process.send(case.customer, "approval_needed", id, pid)
    else
        assert(open_case(cases, "app:order_workflow", case))
        logger.info("order " .. id .. " is in hand")
        process.send(case.customer, "accepted", id)
    end
end

-- A workflow has ended: an approved order begins, any other one is finished.
local function close_case(cases, exit)
    local case = cases[exit.from]
    cases[exit.from] = nil

    local id = case.order.id
    local result = exit.result.value or { status = "failed", reason = tostring(exit.result.error) }
    if result.status == "approved" then
        logger.info("order " .. id .. " was approved by " .. result.by)
        assert(open_case(cases, "app:order_workflow", case))
        return
    end

    logger.info("order " .. id .. " has ended: " .. result.status)
    process.send(case.customer, "finished", id, result)
end

local function main()
    local letters = process.listen("letter", { message = true })
    local events = process.events()
    local cases = {}

    assert(process.registry.register("order_desk"))
    logger.info("the desk is open")

    while true do
        local got = channel.select({ letters:case_receive(), events:case_receive() })
        if got.channel == letters then
            take_letter(cases, got.value)
        elseif got.value.kind == process.event.EXIT then
            close_case(cases, got.value)
        elseif got.value.kind == process.event.CANCEL then
            logger.info("the desk closes")
            return
        end
    end
end

return { main = main }
