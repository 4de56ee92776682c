-- A queue of jobs. Three coroutines take them off a channel; each does one at a time. Nothing of it is in
-- memory alone: the jobs are messages of the history, and what is done is recorded.
local funcs = require("funcs")

local WORKERS = 3

local function main()
    local jobs = channel.new(1000)
    local done = channel.new(1000)
    local running, most = 0, 0

    -- Retried as the policy says, with the error kept when it does not help.
    local resize = funcs.new():with_options({
        ["activity.start_to_close_timeout"] = "10s",
        ["activity.retry_policy"] = { initial_interval = 10, maximum_attempts = 3 },
    })

    for _ = 1, WORKERS do
        coroutine.spawn(function()
            for job in jobs:iter() do
                running = running + 1
                most = math.max(most, running)
                local result, err = resize:call("app:resize", job)
                running = running - 1
                done:send({ job = job, result = result, error = err and err:message() })
            end
        end)
    end

    local arriving, closing = process.listen("job"), process.listen("close")
    local accepted, results, closed = 0, {}, false
    while not closed or #results < accepted do
        local cases = { done:case_receive(), arriving:case_receive() }
        if not closed then
            table.insert(cases, closing:case_receive())
        end
        local r = channel.select(cases)
        if r.channel == done then
            table.insert(results, r.value)
        elseif r.channel == arriving then
            accepted = accepted + 1
            jobs:send(r.value)
        else
            closed = true
        end
    end
    jobs:close()

    local failed = {}
    for _, entry in ipairs(results) do
        if entry.error then
            table.insert(failed, entry.job.name)
        end
    end
    table.sort(failed)
    return { jobs = accepted, failed = failed, most_at_once = most }
end

return { main = main }
