-- Pretends to make a picture smaller.
local function main(picture)
    if picture.width == 0 then
        return nil, errors.new({ kind = "INVALID", message = picture.name .. " has no width" })
    end
    return { name = picture.name, width = picture.width // 2 }
end

return { main = main }
