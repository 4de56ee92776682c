-- Answers every "hello" with a "greeting"; "bye" ends it.
local function main(salutation)
    local inbox = process.inbox()
    local greeted = 0

    while true do
        local msg = inbox:receive()
        if msg:topic() == "bye" then
            return { greeted = greeted }
        end

        local name = msg:payload():data()
        process.send(msg:from(), "greeting", salutation .. ", " .. name .. "!")
        greeted = greeted + 1
    end
end

return { main = main }
