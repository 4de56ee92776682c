/** The workloads as Lua processes, by entry id. */
import { HOST } from './world.js';

export const sources = {
  'bench:pong': `return function()
    local inbox = process.inbox()
    while true do
      local message = inbox:receive()
      process.send(message:from(), "pong", message:payload():data())
    end
  end`,

  'bench:ping': `return function(n)
    local other = process.spawn("bench:pong", "${HOST}")
    local inbox = process.inbox()
    for i = 1, n do
      process.send(other, "ping", i)
      inbox:receive()
    end
    process.terminate(other)
  end`,

  'bench:reply': `return function(to) process.send(to, "done", true) end`,

  'bench:spawner': `return function(n)
    local inbox = process.inbox()
    for i = 1, n do
      process.spawn("bench:reply", "${HOST}", process.pid())
      inbox:receive()
    end
  end`,

  'bench:sender': `return function(to, n)
    for i = 1, n do process.send(to, "n", i) end
  end`,

  'bench:receiver': `return function(senders, each)
    local inbox = process.inbox()
    for i = 1, senders do process.spawn("bench:sender", "${HOST}", process.pid(), each) end
    for i = 1, senders * each do inbox:receive() end
  end`,

  'bench:asked': `return function() process.inbox():receive() end`,

  'bench:monitor': `return function(n)
    local pids, events = {}, process.events()
    for i = 1, n do pids[i] = process.spawn_monitored("bench:asked", "${HOST}") end
    for i = 1, n do process.send(pids[i], "end") end
    for i = 1, n do events:receive() end
  end`,

  'bench:idle': `return function() process.inbox():receive() end`,
} as const;
