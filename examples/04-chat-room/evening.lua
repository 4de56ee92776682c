-- Ada's evening. Returns what she heard.
local time = require("time")

local function main()
    local heard = process.listen("heard")
    local transcript = {}

    -- Says `line` and waits until she has heard `last`.
    local function say(line, last)
        process.send("room", line == nil and "join" or "say", line or "ada")
        local text
        repeat
            text = heard:receive()
            print(text)
            table.insert(transcript, text)
        until text == last
    end

    say(nil, "* ada is here")
    process.spawn("app:guest", "app:processes", "bob")
    process.spawn("app:guest", "app:processes", "eve")
    say("who is there?", "* eve is here")

    say("hello bob", "bob: hello")
    say("dance, eve", "* eve fell over")

    -- The room is gone, and with it all that it knew. Its supervisor opens a new one under the same name;
    -- Bob notices and comes back by himself.
    local room = process.registry.lookup("room")
    process.monitor(room)
    process.terminate(room)
    process.events():receive()
    while not process.registry.lookup("room") do
        time.sleep("10ms")
    end
    say(nil, "* bob is here")

    say("go, bob", "* bob has left")
    return transcript
end

return { main = main }
