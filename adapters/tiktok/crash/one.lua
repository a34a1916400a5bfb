-- One video in several chunks, interrupted at every point of its way.
local postrider = require "postrider" { api = 1 }

return postrider.campaign {
  name = "one", zone = "Europe/Paris", accounts = { "tiktok:@acmebakery" },
  posts = { postrider.post {
    key = "only", media = "large.mp4", when = "asap", caption = "Once and only once",
    options = { tiktok = { privacy_level = "PUBLIC_TO_EVERYONE", allow_comment = true, allow_duet = false,
      allow_stitch = false, disclosure = "none" } },
  } },
}
