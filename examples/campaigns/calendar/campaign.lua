-- Content calendar: one row of calendar.csv is one post. Where the client has not written who may see a video, who may
-- comment, and whether it is an advertisement, the cell is empty, and the person who approves decides.
local postrider = require "postrider" { api = 1 }
local ask = postrider.ask

local rows = postrider.csv("calendar.csv", {
  key = "id", -- refuses an empty or repeated id
  columns = { id = "text", day = "date", hour = "time", video = "path", text = "text", place = "text?",
    audience = "text?", comments = "boolean?", advert = "text?" },
})

-- `false` is a choice too; only an empty cell leaves it open.
local function written_or(open, value)
  if value == nil then return open end
  return value
end

return postrider.campaign {
  name = "bakery-spring", zone = "Europe/Paris", accounts = { "tiktok:@acmebakery" }, approval = "post",
  catch_up = { policy = "latest", within = "2h" },
  spacing = { account = "3h" }, caps = { account_per_day = 2 },
  blackout = { { from = "2027-05-01 00:00", to = "2027-05-02 00:00", why = "closed" } },
  posts = postrider.each(rows, function(row)
    return postrider.post {
      key = row.id,
      media = postrider.media(row.video):require { orientation = "portrait", max_duration = "3m" },
      when = row.day .. " " .. row.hour,
      caption = row.text .. (row.place and "\n" .. row.place or "") .. "\n#bakery #spring",
      options = { tiktok = {
        privacy_level = written_or(ask, row.audience),
        allow_comment = written_or(ask, row.comments),
        allow_duet = false, allow_stitch = false, -- the bakery's answer for every video
        disclosure = written_or(ask "Is this row an advertisement?", row.advert),
      } },
    }
  end),
}
