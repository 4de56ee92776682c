-- A number that outlives everybody who asks for it. Each request is answered: `ack` with the new value, or
-- `nak` with the reason why nothing was changed.

-- What a request asks for, or nil and what is wrong with it.
local function amount_of(request)
    if type(request) ~= "table" or type(request.amount) ~= "number" then
        return nil, "amount must be a number"
    end
    if request.amount <= 0 then
        return nil, "amount must be positive"
    end
    return request.amount
end

local function main(start)
    local value = start or 0
    local served = { ack = 0, nak = 0 }

    local function answer(msg, topic, content)
        served[topic] = served[topic] + 1
        process.send(msg:from(), topic, content)
    end

    -- One coroutine a topic. Nothing comes between two waits of a coroutine, so `value` needs no lock: it is
    -- looked at and changed before the answer is sent.
    local function serve(topic, apply)
        coroutine.spawn(function()
            for msg in process.listen(topic, { message = true }):iter() do
                local amount, problem = amount_of(msg:payload():data())
                local changed = amount and apply(amount)
                if changed then
                    value = changed
                    answer(msg, "ack", { value = value })
                else
                    answer(msg, "nak", problem or "the counter would fall below zero")
                end
            end
        end)
    end

    serve("increment", function(amount)
        return value + amount
    end)
    serve("decrement", function(amount)
        return value >= amount and value - amount or nil
    end)

    local closing = process.listen("close", { message = true }):receive()
    process.send(closing:from(), "ack", { value = value })
    return { value = value, acks = served.ack, naks = served.nak }
end

return { main = main }
