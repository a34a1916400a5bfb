-- One post, interrupted at every point of its way.
local postrider = require "postrider" { api = 1 }

return postrider.campaign {
  name = "one", zone = "Europe/Paris", accounts = { "sandbox:@anna" },
  posts = { postrider.post {
    key = "only", when = "asap", caption = "Once and only once", options = { sandbox = { audience = "everyone" } },
  } },
}
