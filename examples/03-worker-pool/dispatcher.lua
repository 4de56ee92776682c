-- Hands jobs to workers that are ready. It monitors them: the job of one that dies is handed out again,
-- but not for ever.
local MAX_TRIES = 2

local function main()
    local inbox = process.inbox()
    local events = process.events()

    local jobs = {} -- nobody works at these yet, oldest first
    local idle = {} -- workers without a job
    local busy = {} -- worker to its job

    local function hand_out()
        while #jobs > 0 and #idle > 0 do
            local job = table.remove(jobs, 1)
            local worker = table.remove(idle, 1)
            job.tries = job.tries + 1
            busy[worker] = job
            process.send(worker, "job", job.what)
        end
    end

    local function worker_died(worker)
        for i, pid in ipairs(idle) do
            if pid == worker then
                table.remove(idle, i)
                return
            end
        end

        local job = busy[worker]
        busy[worker] = nil
        if job == nil then
            return
        end
        if job.tries < MAX_TRIES then
            table.insert(jobs, 1, job)
        else
            process.send(job.customer, "given_up", job.what)
        end
    end

    local on = {
        ready = function(worker)
            process.monitor(worker)
            table.insert(idle, worker)
        end,
        done = function(worker, result)
            local job = busy[worker]
            busy[worker] = nil
            table.insert(idle, worker)
            process.send(job.customer, "done", result)
        end,
        job = function(customer, what)
            table.insert(jobs, { what = what, customer = customer, tries = 0 })
        end,
    }

    while true do
        local r = channel.select { events:case_receive(), inbox:case_receive() }
        if r.channel == events then
            if r.value.kind == process.event.CANCEL then
                return
            end
            worker_died(r.value.from)
        else
            local msg = r.value
            on[msg:topic()](msg:from(), msg:payload():data())
        end
        hand_out()
    end
end

return { main = main }
