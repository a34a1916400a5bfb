// The texts of the examples, with the campaign's name put in.
#include "operations/campaign/example.hpp"

#include <string_view>

namespace postrider::cli {

namespace {

constexpr std::string_view launch =
    R"lua(-- @NAME@: one video, published to some accounts at a time of its own.
-- `postrider account list` prints the accounts, `postrider network show NETWORK --section options` the choices.
local postrider = require "postrider" { api = 1 }

return postrider.campaign {
  name = "@NAME@",
  zone = "Europe/Paris",
  accounts = { "NETWORK:@handle" },
  posts = {
    postrider.post {
      key = "teaser",
      media = "teaser.mp4",
      when = "asap",
      caption = "Out now.",
      -- options = { NETWORK = { name = value } },
    },
  },
}
)lua";

constexpr std::string_view calendar = R"lua(-- @NAME@: one row of calendar.csv is one post.
local postrider = require "postrider" { api = 1 }

local rows = postrider.csv("calendar.csv", {
  key = "id", -- refuses an empty or repeated id
  columns = { id = "text", day = "date", hour = "time", video = "path", text = "text" },
})

return postrider.campaign {
  name = "@NAME@",
  zone = "Europe/Paris",
  accounts = { "NETWORK:@handle" },
  catch_up = { policy = "latest", within = "2h" },
  spacing = { account = "3h" },
  caps = { account_per_day = 2 },
  posts = postrider.each(rows, function(row)
    return postrider.post {
      key = row.id,
      media = row.video,
      when = row.day .. " " .. row.hour,
      caption = row.text,
      -- options = { NETWORK = { name = value } },
    }
  end),
}
)lua";

constexpr std::string_view calendar_rows =
    "id,day,hour,video,text\n"
    "first,2030-03-01,18:00,first.mp4,The first one\n"
    "second,2030-03-02,18:00,second.mp4,The second one\n";

constexpr std::string_view syndication =
    R"lua(-- @NAME@: one film, with words of its own for each network.
local postrider = require "postrider" { api = 1 }
local caption, post, route = postrider.caption, postrider.post, postrider.route

return postrider.campaign {
  name = "@NAME@",
  zone = "Europe/Paris",
  routes = {
    route { tags = { "film" }, accounts = { "NETWORK:@one", "OTHER:@two" } },
  },
  posts = {
    post {
      key = "film",
      tags = { "film" },
      media = "film.mp4",
      when = "2030-09-18 18:00",
      caption = caption {
        text = "{title}. Filmed in {place}.",
        networks = { OTHER = "{title}" },
        values = { title = "Bread from last year's wheat", place = "Lyon" },
      },
      -- options = { NETWORK = { name = value }, OTHER = { name = value } },
    },
  },
}
)lua";

std::string named(std::string_view text, std::string const& name) {
    std::string filled(text);
    for (auto at = filled.find("@NAME@"); at != std::string::npos; at = filled.find("@NAME@"))
        filled.replace(at, 6, name);
    return filled;
}

}  // namespace

std::vector<std::pair<std::string, std::string>> example_files(std::string const& name,
                                                               std::string const& example) {
    auto const script = name + ".lua";
    if (example == "calendar")
        return {{script, named(calendar, name)}, {"calendar.csv", std::string(calendar_rows)}};
    if (example == "syndication") return {{script, named(syndication, name)}};
    return {{script, named(launch, name)}};
}

}  // namespace postrider::cli
