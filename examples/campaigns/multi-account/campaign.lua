-- Two clients, three accounts, one table of posts. The bakery's videos go to its account, the fashion house's to both of its
-- markets, each in its own words.
local postrider = require "postrider" { api = 1 }

local rows = postrider.csv("posts.csv", {
  key = "id", -- refuses an empty or repeated id
  columns = { id = "text", market = "text", video = "path", text = "text", audience = "text" },
})

local signature = { bakery = "#bakery #spring", fashion = "#nova #season" }

return postrider.campaign {
  name = "spring-in-three-accounts",
  zone = "Europe/Paris",
  routes = {
    postrider.route { tags = { "bakery" }, accounts = { "tiktok:@acmebakery" } },
    postrider.route { tags = { "fashion" }, accounts = { "tiktok:@nova_fr", "tiktok:@nova_de" } },
  },
  posts = postrider.each(rows, function(row)
    return postrider.post {
      key = row.id,
      tags = { row.market },
      media = postrider.media(row.video):require { orientation = "portrait", max_duration = "3m" },
      when = "asap",
      caption = postrider.caption {
        text = "{hello} {text}",
        networks = { tiktok = "{hello} {text}\n{signature}" }, -- hashtags only where they help
        vary = { hello = { "Good morning!", "New today:", "Just out:" } },
        values = { text = row.text, signature = signature[row.market] },
      },
      -- Written by the client, row by row; approved with the plan.
      options = { tiktok = {
        privacy_level = row.audience, allow_comment = true, allow_duet = false, allow_stitch = false,
        disclosure = "your_brand",
      } },
    }
  end),
}
