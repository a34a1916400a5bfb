-- Launch: teaser and film in every market, on two evenings at 19:00. markets.json: [{"id","teaser","film"}]; the
-- accounts of a market are those that carry its id as a tag (`postrider account set ACCOUNT --tag france`).
local postrider = require "postrider" { api = 1 }

local evenings = postrider.every {
  days = "mon-fri", at = "19:00", from = "2027-05-03", count = 2, zone = "Europe/Paris", jitter = "10m",
}
-- Written by the client for all markets; approved with the plan, once an account.
local choices = {
  privacy_level = "PUBLIC_TO_EVERYONE", allow_comment = true, allow_duet = false, allow_stitch = false,
  disclosure = "your_brand",
}

local posts, routes = {}, {}
for _, market in ipairs(postrider.json "markets.json") do
  local here = postrider.accounts { network = "tiktok", tag = market.id } -- an empty market is an error
  routes[#routes + 1] = postrider.route { tags = { market.id }, accounts = here }
  for step, name in ipairs { "teaser", "film" } do
    posts[#posts + 1] = postrider.post {
      key = market.id .. "-" .. name, tags = { market.id },
      media = name .. "-9x16.mp4", caption = market[name],
      when = evenings[step], not_after = evenings[step]:plus "4h",
      options = { tiktok = choices },
    }
  end
end

return postrider.campaign {
  name = "nova-launch", zone = "Europe/Paris", approval = "account",
  catch_up = { policy = "all", within = "1h", spacing = "45m" },
  spacing = { account = "2h", app = "10s" }, conflict = { shift = "2h" },
  routes = routes, posts = posts,
}
