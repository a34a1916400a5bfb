// A campaign from file to jobs.
#include "script_fixture.hpp"

namespace postrider::script {
namespace {

TEST_F(ScriptTest, TenLinesBecomeOneJob) {
    auto const campaign = good(load(R"(local postrider = require "postrider" { api = 1 }

return postrider.campaign {
  name = "first", zone = "Europe/Paris", accounts = { "alpha:@nova_fr" },
  posts = {
    postrider.post { key = "hello", media = "film.mp4", caption = "Hello", when = "2027-03-01 18:00",
      options = { alpha = { visibility = "everyone", comments = true } } },
  },
}
)"));

    ASSERT_EQ(campaign.jobs.size(), 1U);
    auto const& job = campaign.jobs[0];
    EXPECT_EQ(campaign.name, "first");
    EXPECT_EQ(job.key, "campaign/first/hello/alpha:@nova_fr");
    EXPECT_EQ(job.account, "alpha:@nova_fr");
    EXPECT_EQ(job.network, "alpha");
    EXPECT_EQ(job.wall, "2027-03-01 18:00");
    EXPECT_EQ(job.zone, "Europe/Paris");
    EXPECT_EQ(to_rfc3339(job.due_at), "2027-03-01T17:00:00.000Z");
    EXPECT_EQ(job.post.caption, "Hello");
    ASSERT_EQ(job.post.media.size(), 1U);
    EXPECT_EQ(job.post.options.at("visibility").as_string(), "everyone");
    EXPECT_TRUE(job.post.options.at("comments").as_bool());
    EXPECT_TRUE(job.findings.empty());
}

TEST_F(ScriptTest, UnknownFieldNamesLineAndNearest) {
    auto const result = load(R"(local postrider = require "postrider" { api = 1 }
return postrider.campaign {
  name = "first", zone = "Europe/Paris",
  posts = {
    postrider.post {
      key = "teaser",
      when = "asap",
      acounts = { "alpha:@nova_fr" },
    },
  },
}
)");

    expect_error(result, "script.unknown_field", 8, "did you mean 'accounts'?");
    EXPECT_EQ(printed(error(result)),
              "launch.lua:8: unknown field 'acounts' in post 'teaser' [script.unknown_field]\n"
              "    8 |       acounts = { \"alpha:@nova_fr\" },\n"
              "      |       ^^^^^^^ did you mean 'accounts'?");
}

}  // namespace
}  // namespace postrider::script
