-- An afternoon at the order desk. One process plays the customers and, once, the manager.
local json = require("json")
local logger = require("logger")
local time = require("time")

local LAMP = { id = "1001", customer_id = "ada", items = { "lamp" }, total = 40, address = "Elm Street 1" }
local NOTHING = { id = "1002", customer_id = "bob", items = {}, total = 10, address = "Oak Street 2" }
local GLOBE = { id = "1003", customer_id = "cleo", items = { "globe" }, total = 90, address = "Nowhere Lane 0" }
local PIANO = { id = "1004", customer_id = "dan", items = { "piano" }, total = 1250, address = "Ash Street 4" }

-- The desk by its name. Right after the start, or after a failure, it may take a moment to open.
local function find_desk()
    while true do
        local desk = process.registry.lookup("order_desk")
        if desk then
            return desk
        end
        time.sleep("100ms")
    end
end

-- A letter with a coffee stain: the desk fails, and the next one knows nothing of what was before.
local function spill_coffee(desk, events)
    process.monitor(desk)
    process.send(desk, "letter", '{"id": "10#@~')
    local exit = events:receive()
    logger.warn("the desk has failed: " .. tostring(exit.result.error))
end

local function main()
    local inbox = process.inbox()
    local events = process.events()

    logger.info("ada orders a lamp")
    local desk = find_desk()
    process.send(desk, "letter", json.encode(LAMP))
    inbox:receive() -- accepted

    logger.info("somebody hands in a letter with coffee all over it")
    spill_coffee(desk, events)
    desk = find_desk()

    logger.info("a new desk has opened; ada asks for her lamp again, and three others have come")
    for _, order in ipairs({ LAMP, NOTHING, GLOBE, PIANO }) do
        process.send(desk, "letter", json.encode(order))
    end

    local results, waiting = {}, 4
    while waiting > 0 do
        local msg = inbox:receive()
        local id, data = msg:payload():data()
        if msg:topic() == "approval_needed" then
            logger.info("the manager approves order " .. id)
            process.send(data, "approve", { by = "grace" })
        elseif msg:topic() == "finished" then
            results[id] = data
            waiting = waiting - 1
        end
    end

    return results
end

return { main = main }
