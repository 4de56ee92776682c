-- Starts a counter, or finds the one that is there, and talks to it.
local function main()
    local counter = assert(process
        .with_options({})
        :with_name("counter-of-the-tour")
        :with_message("increment", { amount = 2 }) -- before anything else that it reads
        :spawn_monitored("app:counter", "app:worker", 10))
    local inbox = process.inbox()

    local function ask(topic, request)
        process.send(counter, topic, request)
        local msg = inbox:receive()
        local content = msg:payload():data()
        print(topic, msg:topic(), type(content) == "table" and content.value or content)
    end

    print("increment", inbox:receive():topic(), 12)
    ask("increment", { amount = 30 })
    ask("decrement", { amount = 50 })
    ask("increment", "much")
    ask("decrement", { amount = 2 })
    ask("close")

    return process.events():receive().result.value
end

return { main = main }
