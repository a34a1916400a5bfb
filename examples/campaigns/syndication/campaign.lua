-- Syndication: one film on two networks at the same time, with words of its own for each.
local postrider = require "postrider" { api = 1 }
local caption, post, route = postrider.caption, postrider.post, postrider.route

local film = postrider.media("film-9x16.mp4"):require { min_width = 300, max_duration = "3m", sound = true }

return postrider.campaign {
  name = "harvest-film", zone = "Europe/Paris", catch_up = "ask",
  routes = { route { tags = { "film" }, accounts = { "tiktok:@acmebakery", "sandbox:@anna" } } },
  posts = {
    post {
      key = "film", tags = { "film" }, media = film, when = "2027-09-18 18:00",
      caption = caption {
        text = "{title}. Filmed in {place}.",
        networks = { tiktok = "{hello} {title}. #bread" },
        vary = { hello = { "Fresh from the oven:", "New today:" } },
        values = { title = "Bread from last year's wheat", place = "Lyon" },
      },
      options = {
        tiktok = { privacy_level = "PUBLIC_TO_EVERYONE", allow_comment = true, allow_duet = false,
          allow_stitch = false, disclosure = "your_brand" },
        sandbox = { audience = "followers" },
      },
    },
    -- A few words where no film goes; the other network takes videos and photos only.
    post {
      key = "invitation", accounts = { "sandbox:@anna" }, when = "2027-09-18 19:00",
      caption = "The film is out. Come and taste the bread on Sunday.",
    },
  },
}
