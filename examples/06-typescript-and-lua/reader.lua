-- Sends lines to the counter, asks it for the counts, and hears of its end.
local LINES = {
  "to be or not to be",
  "that is the question",
  "whether it is nobler",
}

local function main()
  local counter = process.spawn_monitored("app:counter", "app:processes")
  local counts = process.listen("counts")

  for _, line in ipairs(LINES) do
    process.send(counter, "line", line)
  end
  process.send(counter, "report")

  local found = counts:receive()
  print("to: " .. found.to .. ", is: " .. found.is)
  local exit = process.events():receive()
  print("the counter ended and returned " .. exit.result.value)
  return found
end

return { main = main }
