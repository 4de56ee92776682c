-- One process of the ring: hands the token on, and fails when it is told to.
local function main(before)
  process.link(before)
  local inbox = process.inbox()
  while true do
    local message = inbox:receive()
    if message:topic() == "break" then error("broken on purpose", 0) end
    process.send(before, "token", message:payload():data() + 1)
  end
end

return { main = main }
