// Answers about many things at once, of which some are not as they should be.
#include "test/studio.hpp"

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

#include <set>

namespace postrider::cli::test {

namespace json = boost::json;

class Answers : public Studio {
 protected:
    static std::string media(std::string const& name) {
        return std::string(POSTRIDER_SOURCE_DIR) + "/core/test/media/" + name;
    }
};

TEST_F(Answers, OneSourceThatIsNoMediaDoesNotLoseTheOthers) {
    auto const bad = write("notes.txt", "no film at all");

    auto const some =
        run({"media", "probe", media("good.mp4"), bad, "gone.mp4", media("photo.jpg")});

    EXPECT_EQ(some.exit, 13);
    EXPECT_EQ(some.code(), "media.partial");
    EXPECT_EQ(some.envelope.at("error").at("side_effects").as_string(), "none");
    auto const& items = some.data().at("items").as_array();
    ASSERT_EQ(items.size(), 4U);
    EXPECT_EQ(items[0].at("media").at("kind").as_string(), "video");
    EXPECT_TRUE(items[1].at("media").is_null());
    EXPECT_EQ(items[1].at("source").as_string(), bad);
    EXPECT_EQ(items[1].at("findings").at(0).at("path").as_string(), "/source/1");
    EXPECT_EQ(items[2].at("findings").at(0).at("code").as_string(), "media.missing");
    EXPECT_EQ(items[3].at("media").at("kind").as_string(), "image");
    EXPECT_EQ(some.envelope.at("error").at("at").as_array().size(), 2U);
}

TEST_F(Answers, WhereNoSourceCanBeUsedTheExitSaysWhy) {
    auto const bad = write("notes.txt", "no film at all");

    EXPECT_EQ(run({"media", "probe", "gone.mp4"}).code(), "media.missing");
    auto const none = run({"media", "probe", "gone.mp4", bad});
    EXPECT_EQ(none.code(), "media.unsupported");
    EXPECT_EQ(none.exit, 7);
    EXPECT_EQ(none.data().at("items").as_array().size(), 2U);
    EXPECT_EQ(good({"media", "probe", media("good.mp4"), media("square.mp4")}).exit, 0);
}

TEST_F(Answers, CodesOfAdaptersAreAmongTheErrors) {
    std::set<std::string> listed;
    auto const errors = good({"schema", "errors"});
    for (auto const& item : errors.data().at("errors").at("items").as_array())
        listed.insert(std::string(item.at("code").as_string()));
    EXPECT_TRUE(listed.contains("media.partial"));
    auto const shown = good({"adapter", "show", "sandbox"});
    auto const& own = shown.data().at("descriptor").at("errors").as_array();
    ASSERT_FALSE(own.empty());
    for (auto const& row : own) {
        std::string const code(row.at("code").as_string());
        EXPECT_TRUE(listed.contains(code)) << code;
        EXPECT_EQ(good({"explain", code}).data().at("code").as_string(), code);
    }

    auto const narrowed = good({"schema", "errors", "sandbox"});
    EXPECT_EQ(narrowed.data().at("errors").at("items").as_array().size(), own.size());
    auto const unknown = run({"schema", "errors", "medai"});
    EXPECT_EQ(unknown.exit, 3);
    EXPECT_NE(unknown.out.find("did you mean 'media'"), std::string::npos) << unknown.out;
}

TEST_F(Answers, AnAppTakesOnlyWhatItsNetworkCanUse) {
    set_up_accounts();
    auto const before = good({"app", "show", "studio"}).data();
    struct Case {
        std::vector<std::string> flags;
        char const* code;
        char const* path;
        char const* got;
    };
    for (auto const& one : std::vector<Case>{
             {{"--option", "api_base=localhost:80"},
              "option.wrong_type",
              "/option/0",
              "localhost:80"},
             {{"--option", "api_base=https://"}, "option.wrong_type", "/option/0", "https://"},
             {{"--option", "api_base=http://a:99999"},
              "option.wrong_type",
              "/option/0",
              "http://a:99999"},
             {{"--redirect", "studio.example/back"},
              "usage.bad_value",
              "/redirect",
              "studio.example/back"},
             {{"--key", ""}, "usage.bad_value", "/key", ""}}) {
        auto arguments = std::vector<std::string>{"app", "set", "studio"};
        arguments.insert(arguments.end(), one.flags.begin(), one.flags.end());
        auto const refused = run(arguments);
        EXPECT_EQ(refused.code(), one.code) << one.got;
        auto const& at = refused.envelope.at("error").at("at").at(0);
        EXPECT_EQ(at.at("path").as_string(), one.path);
        EXPECT_EQ(at.at("got").as_string(), one.got);
        EXPECT_FALSE(refused.envelope.at("next").as_array().empty());
    }
    EXPECT_EQ(good({"app", "show", "studio"}).data(), before);
    for (auto const* good_one :
         {"http://[::1]:8080", "https://api.example/v2/", "http://127.0.0.1"})
        good({"app", "set", "studio", "--option", std::string("api_base=") + good_one});
    good({"app", "set", "studio", "--redirect", "http://127.0.0.1:*/callback/"});
}

}  // namespace postrider::cli::test
