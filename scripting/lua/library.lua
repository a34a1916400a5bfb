-- The Lua half of the standard library: what is written in Lua is counted like the script's own work. Lua's C versions
-- trust `#`, which a metatable may make endless, and its sort picks pivots by the clock.
local base, table, raw = ...
local type = base.type
local fail = raw.fail

-- The handler runs after the error, not inside it: an error of the instruction counter is raised where nothing is counted.
local pcall = base.pcall

local function handled(handler, ok, ...)
  if ok then
    return true, ...
  end
  local _, result = pcall(handler, (...))
  return false, result
end

function base.xpcall(fn, handler, ...)
  return handled(handler, pcall(fn, ...))
end

local function length_of(list, name)
  if type(list) ~= "table" then
    fail("script.wrong_type", "the first argument of table." .. name .. " must be a table, not " .. raw.type_word(list))
  end
  return #list
end

function table.insert(list, ...)
  local length = length_of(list, "insert")
  local count = base.select("#", ...)
  if count == 1 then
    list[length + 1] = (...)
    return
  end
  local place, value = ...
  if count ~= 2 or raw.integer(place) ~= place or place < 1 or place > length + 1 then
    fail("script.wrong_type", "table.insert takes (list, value) or (list, place, value), the place within the list")
  end
  for i = length, place, -1 do
    list[i + 1] = list[i]
  end
  list[place] = value
end

function table.remove(list, place)
  local length = length_of(list, "remove")
  if place == nil then
    place = length
  elseif raw.integer(place) ~= place or (length + 1 ~= place and (place < 1 or place > length + 1)) then
    fail("script.wrong_type", "the place of table.remove must be within the list")
  end
  local value = list[place]
  for i = place, length - 1 do
    list[i] = list[i + 1]
  end
  if place <= length then
    list[length] = nil
  end
  return value
end

function table.move(from, first, last, to, target)
  target = target or from
  if to > first and to <= last and target == from then
    for i = last - first, 0, -1 do
      target[to + i] = from[first + i]
    end
  else
    for i = 0, last - first do
      target[to + i] = from[first + i]
    end
  end
  return target
end

local function less_than(a, b)
  return a < b
end

-- Merge sort: stable, so that equal elements keep their order on every machine.
function table.sort(list, less)
  local length = length_of(list, "sort")
  if less ~= nil and type(less) ~= "function" then
    fail("script.wrong_type", "the second argument of table.sort must be a function, not " .. raw.type_word(less))
  end
  less = less or less_than
  local from, to = {}, {}
  for i = 1, length do
    from[i] = list[i]
  end
  local width = 1
  while width < length do
    for start = 1, length, 2 * width do
      local left, middle = start, start + width
      local right, stop = middle, start + 2 * width
      if middle > length + 1 then
        middle, right = length + 1, length + 1
      end
      if stop > length + 1 then
        stop = length + 1
      end
      for place = start, stop - 1 do
        if left < middle and (right >= stop or not less(from[right], from[left])) then
          to[place] = from[left]
          left = left + 1
        else
          to[place] = from[right]
          right = right + 1
        end
      end
    end
    from, to = to, from
    width = 2 * width
  end
  for i = 1, length do
    list[i] = from[i]
  end
end
