-- The pleasant half of the campaign functions: what reads better in Lua than in C++. `raw` is the other half. Gives a table
-- of functions by the names of the binding table; what is missing here is bound to C++ there.
local base, raw = ...
local error, pcall, type = base.error, base.pcall, base.type
local fail, type_word = raw.fail, raw.type_word

local api = {}

local function check_list(list, name)
  if type(list) ~= "table" and not raw.is_slots(list) then
    fail("script.wrong_type", "the first argument of " .. name .. " must be a list, not " .. type_word(list), name)
  end
end

function api.each(list, fn)
  check_list(list, "each")
  if type(fn) ~= "function" then
    fail("script.wrong_type", "the second argument of each must be a function, not " .. type_word(fn), "each")
  end
  local results, count = {}, 0
  for i = 1, #list do
    local result = fn(list[i], i)
    if result ~= nil then
      count = count + 1
      results[count] = result
    end
  end
  return results
end

function api.pick(list, key)
  check_list(list, "pick")
  if type(key) ~= "string" then
    fail("script.wrong_type", "the key of pick must be text, not " .. type_word(key), "pick")
  end
  if #list == 0 then
    fail("script.wrong_type", "pick needs a list with something in it", "pick")
  end
  return list[raw.pick(key, #list)]
end

-- Functions named find_... answer nil and the error where nothing is there; misuse still raises.
local function quiet(fn, expected)
  return function(...)
    local ok, value = pcall(fn, ...)
    if ok then
      return value
    end
    if type(value) == "table" and value.code == expected then
      return nil, value
    end
    error(value, 0)
  end
end

api.find_account = quiet(raw.account, "script.unknown_account")
api.find_file = quiet(raw.file, "script.file_missing")

return api
