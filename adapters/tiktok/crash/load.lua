-- A few posts for each of several creators, so that something is always under way when a process is killed.
local postrider = require "postrider" { api = 1 }

local posts = {}
for n, name in ipairs { "teaser-9x16.mp4", "croissant.mp4", "market.mp4", "film-9x16.mp4", "opening.mp4" } do
  posts[n] = postrider.post {
    key = "post-" .. n, media = name, when = "asap", caption = "Number " .. n,
    options = { tiktok = { privacy_level = "PUBLIC_TO_EVERYONE", allow_comment = true, allow_duet = false,
      allow_stitch = false, disclosure = "none" } },
  }
end

return postrider.campaign {
  name = "load", zone = "Europe/Paris", posts = posts,
  accounts = postrider.accounts { network = "tiktok" },
}
