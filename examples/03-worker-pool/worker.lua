-- Squares what it is given. It has no code for what cannot be squared: then it fails, and is replaced.
local function main()
    local inbox = process.inbox()
    local events = process.events()

    process.send("dispatcher", "ready")

    while true do
        local r = channel.select { events:case_receive(), inbox:case_receive() }
        if r.channel == events then
            return -- CANCEL: the supervisor stops
        end

        local what = r.value:payload():data()
        process.send("dispatcher", "done", what * what)
    end
end

return { main = main }
