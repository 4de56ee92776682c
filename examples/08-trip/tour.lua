-- Sends two people on a trip.
local function main()
    local ada = process.exec("app:trip", "app:worker", { traveller = "ada", parts = { "train", "hotel" } })
    local eve = process.exec("app:trip", "app:worker", { traveller = "eve", parts = { "train", "balloon", "hotel" } })
    return { ada = ada, eve = eve }
end

return { main = main }
