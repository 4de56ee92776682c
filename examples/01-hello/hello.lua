-- Starts a greeter, has everybody greeted, says goodbye, and waits until the greeter has gone.
local function main(...)
    local names = { ... }
    if #names == 0 then
        names = { "Joe", "Robert", "Mike" }
    end

    local greetings = process.listen("greeting")
    local events = process.events()

    local greeter, err = process.spawn_monitored("app:greeter", "app:processes", "Hello")
    if err then
        return nil, err
    end

    for _, name in ipairs(names) do
        process.send(greeter, "hello", name)
        print((greetings:receive()))
    end

    -- Whoever monitors a process reads exactly one EXIT when it ends, with what it returned.
    process.send(greeter, "bye")
    local exit = events:receive()
    return exit.result.value
end

return { main = main }
