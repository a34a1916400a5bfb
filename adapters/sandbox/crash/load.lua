-- Many small posts, so that something is always under way when a process is killed.
local postrider = require "postrider" { api = 1 }

local posts = {}
for n = 1, 40 do
  posts[n] = postrider.post {
    key = "post-" .. n, when = "asap", caption = "Number " .. n, options = { sandbox = { audience = "everyone" } },
  }
end

return postrider.campaign {
  name = "load", zone = "Europe/Paris", posts = posts,
  accounts = postrider.accounts { network = "sandbox" },
}
