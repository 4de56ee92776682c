-- Builds a ring of `n` processes, sends a token `rounds` times around it, and lets it fall.
local HOST = "app:processes"

local function main(n, rounds)
  n, rounds = n or 10000, rounds or 3
  process.set_options({ trap_links = true })
  local events = process.events()

  -- Each process is linked to the one before it; the first of them is linked to this one.
  local last = process.pid()
  for _ = 1, n do
    last = process.spawn("app:link", HOST, last)
  end
  local ring = last

  local done = process.listen("token")
  for round = 1, rounds do
    process.send(ring, "token", 0)
    local hops = done:receive()
    print("round " .. round .. ": " .. hops .. " hops")
  end

  -- One failure takes all of them down, link by link.
  process.send(ring, "break")
  local event = events:receive()
  print("the ring fell: " .. tostring(event.result.error))
  return { processes = n, rounds = rounds }
end

return { main = main }
