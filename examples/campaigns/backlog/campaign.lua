-- A backlog: twenty short videos that should go out as soon as they can, on an account that may have fifteen a day.
-- `postrider campaign simulate` shows which of them go out today, and when the others follow.
local postrider = require "postrider" { api = 1 }

local posts = {}
for number = 1, 20 do
  posts[number] = postrider.post {
    key = ("lesson-%02d"):format(number),
    media = "teaser-9x16.mp4",
    when = "asap",
    caption = ("Lesson %d of 20."):format(number),
    options = { tiktok = { privacy_level = "PUBLIC_TO_EVERYONE", allow_comment = true, allow_duet = false,
      allow_stitch = false, disclosure = "none" } },
  }
end

return postrider.campaign {
  name = "backlog", zone = "Europe/Paris", accounts = { "tiktok:@acmebakery" }, posts = posts,
}
