-- A customer: brings jobs, waits for the results, and then looks into the child table of the workers'
-- supervisor.
local function main()
    local inbox = process.inbox()
    local jobs = { 1, 2, 3, "seven", 4, 5 }
    for _, what in ipairs(jobs) do
        process.send("dispatcher", "job", what)
    end

    local squares = {}
    local given_up = {}
    for _ = 1, #jobs do
        local msg = inbox:receive()
        local list = msg:topic() == "done" and squares or given_up
        table.insert(list, msg:payload():data())
    end
    table.sort(squares)

    -- Any process may ask a supervisor who its children are.
    process.send("workers", "which_children")
    local restarts = 0
    for _, child in ipairs(inbox:receive():payload():data()) do
        restarts = restarts + child.restarts
    end

    return { squares = squares, given_up = given_up, restarts = restarts }
end

return { main = main }
