-- One video, one account, as soon as a person has agreed.
local postrider = require "postrider" { api = 1 }

return postrider.campaign {
  name = "first-campaign", zone = "Europe/Paris", accounts = { "tiktok:@acmebakery" },
  posts = { postrider.post {
    key = "spring-bread", media = "spring-bread.mp4", when = "asap", caption = "Spring bread is here. #bakery",
    options = { tiktok = { privacy_level = "SELF_ONLY", allow_comment = true, allow_duet = false,
      allow_stitch = false, disclosure = "none" } },
  } },
}
