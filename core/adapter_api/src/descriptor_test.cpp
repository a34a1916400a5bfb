// Options against a descriptor, and the JSON of descriptors, media facts and creator facts.
#include <postrider/adapter/descriptor.hpp>

#include <postrider/catalogue.hpp>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <gtest/gtest.h>

#include <limits>

namespace postrider::adapter {
namespace {

OptionSpec option(std::string name, OptionType type) {
    OptionSpec spec;
    spec.name = std::move(name);
    spec.type = type;
    return spec;
}

Descriptor example() {
    Descriptor descriptor;
    descriptor.network = "net";
    auto audience = option("audience", OptionType::choice);
    audience.reserved = true;
    audience.values = {{"all", "everyone"}, {"friends", "friends"}, {"self", "nobody else"}};
    audience.exclusions = {{"self", "sponsored", "true", "A sponsored post cannot be private."}};
    auto sponsored = option("sponsored", OptionType::boolean);
    sponsored.reserved = true;
    sponsored.deliver = {Deliver::direct};
    auto cover = option("cover_at", OptionType::duration);
    cover.kinds = {PostKind::video};
    auto rank = option("rank", OptionType::integer);
    rank.integer_min = 1;
    rank.integer_max = 9;
    rank.askable = true;
    auto token = option("token", OptionType::text);
    token.secret = true;
    descriptor.options = {audience, sponsored, cover, rank, token};
    return descriptor;
}

std::vector<Finding> check(std::string_view options,
                           PostKind kind = PostKind::video,
                           Deliver deliver = Deliver::direct) {
    Post post;
    post.kind = kind;
    post.deliver = deliver;
    post.options = boost::json::parse(options).as_object();
    return check_options(example(), post);
}

std::string summary(std::vector<Finding> const& findings) {
    std::string text;
    for (auto const& finding : findings) text += finding.code + " " + finding.path + "; ";
    return text;
}

constexpr std::string_view complete = R"({"audience":"all","sponsored":false)";

std::string with(std::string_view more) {
    return std::string{complete} + "," + std::string{more} + "}";
}

TEST(CheckOptions, CompleteOptionsPass) {
    EXPECT_EQ(summary(check(with(R"("cover_at":"1s","rank":9,"token":"x")"))), "");
}

TEST(CheckOptions, UnknownNameComesWithTheNearest) {
    auto const findings = check(with(R"("rnak":3)"));

    ASSERT_EQ(findings.size(), 1U);
    EXPECT_EQ(findings[0].code, "option.unknown");
    EXPECT_EQ(findings[0].path, "/options/net/rnak");
    EXPECT_NE(findings[0].message.find("did you mean 'rank'?"), std::string::npos);
    EXPECT_FALSE(findings[0].allowed.empty());
}

TEST(CheckOptions, PathsAreEscaped) {
    EXPECT_EQ(summary(check(with(R"("a/b~c":1)"))), "option.unknown /options/net/a~1b~0c; ");
}

TEST(CheckOptions, EachTypeIsChecked) {
    EXPECT_EQ(
        summary(check(R"({"audience":1,"sponsored":"no"})")),
        "option.wrong_type /options/net/audience; option.wrong_type /options/net/sponsored; ");
    EXPECT_EQ(summary(check(with(R"("rank":2.0)"))), "option.wrong_type /options/net/rank; ");
    EXPECT_EQ(summary(check(with(R"("rank":18446744073709551615)"))),
              "option.wrong_type /options/net/rank; ");
    EXPECT_EQ(summary(check(with(R"("cover_at":1000)"))),
              "option.wrong_type /options/net/cover_at; ");
    EXPECT_EQ(summary(check(with(R"("token":null)"))), "option.wrong_type /options/net/token; ");
}

TEST(CheckOptions, ChoicesAndBounds) {
    auto const findings = check(R"({"audience":"frends","sponsored":true,"rank":10})");

    ASSERT_EQ(summary(findings),
              "option.not_allowed /options/net/audience; option.not_allowed /options/net/rank; ");
    EXPECT_NE(findings[0].message.find("'friends'"), std::string::npos);
    EXPECT_EQ(findings[0].allowed, (boost::json::array{"all", "friends", "self"}));
    EXPECT_NE(findings[1].message.find("from 1 to 9"), std::string::npos);
}

// Networks add words before adapters know them.
TEST(CheckOptions, AWordThatTheNetworkOffersThisCreatorIsTaken) {
    Post post;
    post.options = boost::json::parse(R"({"audience":"neighbours","sponsored":false})").as_object();
    CreatorFacts facts;
    facts.offered["audience"] = {"all", "neighbours"};
    EXPECT_EQ(summary(check_options(example(), post)),
              "option.not_allowed /options/net/audience; ");
    EXPECT_EQ(summary(check_options(example(), post, &facts)), "");

    facts.offered["audience"] = {"all"};
    facts.offered["rank"] = {"neighbours"};
    EXPECT_EQ(summary(check_options(example(), post, &facts)),
              "option.not_allowed /options/net/audience; ");
}

TEST(CheckOptions, ReservedChoiceThatIsMissingHasNoDefault) {
    EXPECT_EQ(summary(check("{}")),
              "script.choice_missing /options/net/audience; "
              "script.choice_missing /options/net/sponsored; ");
}

TEST(CheckOptions, OptionsOfAnotherDeliveryAreNeitherDemandedNorTaken) {
    EXPECT_EQ(summary(check(R"({"audience":"all"})", PostKind::video, Deliver::inbox)), "");
    EXPECT_EQ(summary(check(with(R"("rank":1)"), PostKind::video, Deliver::inbox)),
              "option.not_allowed /options/net/sponsored; ");
    EXPECT_EQ(summary(check(R"({"audience":"all"})", PostKind::video, Deliver::direct_or_inbox)),
              "script.choice_missing /options/net/sponsored; ");
}

TEST(CheckOptions, OptionOfAnotherKindIsRefused) {
    EXPECT_EQ(summary(check(with(R"("cover_at":"1s")"), PostKind::photo)),
              "option.not_allowed /options/net/cover_at; ");
}

TEST(CheckOptions, AskIsForReservedAndAskableOptionsOnly) {
    EXPECT_EQ(
        summary(check(
            R"({"audience":{"ask":true},"sponsored":{"ask":true,"note":"?"},"rank":{"ask":true}})")),
        "");
    EXPECT_EQ(summary(check(with(R"("token":{"ask":true})"))),
              "script.choice_not_ask /options/net/token; ");
    EXPECT_EQ(summary(check(R"({"audience":{"ask":false},"sponsored":true})")),
              "option.wrong_type /options/net/audience; ");
}

TEST(CheckOptions, ExclusionIsToldInItsOwnSentence) {
    auto const findings = check(R"({"audience":"self","sponsored":true})");

    ASSERT_EQ(summary(findings), "option.excluded /options/net/audience; ");
    EXPECT_EQ(findings[0].message, "A sponsored post cannot be private.");
}

TEST(CheckOptions, SecretValuesAreNotRepeated) {
    auto const findings = check(with(R"("token":17,"tokn":"hunter2")"));

    ASSERT_EQ(findings.size(), 2U);
    EXPECT_TRUE(findings[0].got.is_null());
    EXPECT_TRUE(findings[1].got.is_null());
}

TEST(CheckOptions, EveryCodeIsInTheCatalogue) {
    for (
        auto const& finding : check(
            R"({"audience":"self","sponsored":true,"rank":0,"x":1,"token":{"ask":true},"cover_at":1})"))
        EXPECT_NE(find_error_row(finding.code), nullptr) << finding.code;
}

TEST(Descriptor, IsFoundByNamesAndWrittenAsJson) {
    auto descriptor = example();
    auto& rules = descriptor.media.emplace_back();
    rules.kind = PostKind::photo;
    rules.frame_rate_max = std::numeric_limits<double>::infinity();
    auto& text_field = descriptor.text.emplace_back();
    text_field.name = "caption";
    text_field.length_max = 2200;
    descriptor.steps.push_back({"init", Effect::prepare, "Opens the upload."});
    auto& bucket = descriptor.buckets.emplace_back();
    bucket.name = "init";
    bucket.size = 6;
    descriptor.errors = {*find_error_row("network.unavailable")};

    EXPECT_EQ(find_option(descriptor, "rank")->integer_max, 9);
    EXPECT_EQ(find_option(descriptor, "nothing"), nullptr);
    EXPECT_EQ(find_step(descriptor, "init")->effect, Effect::prepare);
    EXPECT_EQ(find_bucket(descriptor, "init")->size, 6);
    EXPECT_EQ(find_text(descriptor, "caption", PostKind::photo), nullptr);
    EXPECT_EQ(find_text(descriptor, "caption", PostKind::video)->length_max, 2200U);
    EXPECT_NE(find_media_rules(descriptor, PostKind::photo), nullptr);

    auto const text = boost::json::serialize(to_json(descriptor));
    auto const again = boost::json::parse(text);
    EXPECT_EQ(again.at("options").at(0).at("values").at(2).at("value").as_string(), "self");
    EXPECT_EQ(again.at("media").at(0).at("frame_rate_max").as_double(), 0.0);
    EXPECT_EQ(again.at("errors").at(0).at("exit").as_int64(), 10);
}

TEST(MediaFacts, ComeBackFromTheirJson) {
    MediaFacts facts;
    facts.path = "/media/a.mp4";
    facts.size_bytes = std::numeric_limits<std::uint64_t>::max();
    facts.inode = 42;
    facts.mtime_ns = 1'803'920'400'000'000'001;
    facts.frame_rate = 29.97;
    facts.width = 1080;
    facts.has_sound = true;
    facts.alt = "bread";

    auto const again = media_facts_from_json(
        boost::json::parse(boost::json::serialize(to_json(facts))).as_object());

    EXPECT_EQ(boost::json::serialize(to_json(again)), boost::json::serialize(to_json(facts)));
    EXPECT_EQ(again.size_bytes, facts.size_bytes);
    EXPECT_EQ(again.mtime_ns, facts.mtime_ns);
}

TEST(MediaFacts, HostileNumbersBecomeNothing) {
    auto const facts = media_facts_from_json(
        boost::json::parse(R"({"frame_rate":8888809888E+8888,"size_bytes":-4,"width":99999999999})")
            .as_object());

    EXPECT_EQ(facts.frame_rate, 0);
    EXPECT_EQ(facts.size_bytes, 0U);
    EXPECT_EQ(facts.width, std::numeric_limits<int>::max());
}

TEST(CreatorFacts, ComeBackFromTheirJson) {
    CreatorFacts facts;
    facts.as_of = Instant{Milliseconds{1'803'920'400'000}};
    facts.handle = "@acmebakery";
    facts.offered = {{"audience", {"friends", "self"}}, {"nothing", {}}};
    facts.locked = {{"duet", "switched off by the creator"}};
    facts.undeliverable = {{"inbox", "not granted"}};
    facts.limits = {{"video_duration_ms", 600'000}};
    facts.blocked = make_error("network.quota_spent");

    auto const again = creator_facts_from_json(to_json(facts));

    EXPECT_EQ(boost::json::serialize(to_json(again)), boost::json::serialize(to_json(facts)));
    EXPECT_TRUE(again.offered.contains("nothing"));
    EXPECT_EQ(again.undeliverable, facts.undeliverable);
    ASSERT_TRUE(again.blocked);
    EXPECT_EQ(again.blocked->code(), "network.quota_spent");
}

TEST(Headers, AreFoundWithoutCase) {
    Headers const headers{{"Content-Type", "a"}, {"content-type", "b"}, {"X", ""}};

    EXPECT_EQ(find_header(headers, "CONTENT-TYPE"), "a");
    EXPECT_EQ(find_header(headers, "Content"), "");
}

}  // namespace
}  // namespace postrider::adapter
