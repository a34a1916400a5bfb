// Each wrong number is named with what is allowed and a command that mends it; right media draws no
// word.
#include <postrider/core/media_rules.hpp>

#include <postrider/core/media_probe.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

namespace postrider::core {
namespace {

using adapter::CreatorFacts;
using adapter::MediaFacts;
using adapter::MediaRules;
using adapter::PostKind;
using testing::HasSubstr;
using testing::Not;

MediaRules video_rules() {
    MediaRules rules;
    rules.kind = PostKind::video;
    rules.containers = {"mp4", "mov", "webm"};
    rules.video_codecs = {"h264", "hevc", "vp8", "vp9"};
    rules.side_min = 360;
    rules.side_max = 4096;
    rules.frame_rate_min = 23;
    rules.frame_rate_max = 60;
    rules.duration_ms_max = 600'000;
    rules.duration_limit_fact = "video_duration_ms";
    rules.size_bytes_warn = 4'000'000'000;
    rules.size_bytes_max = 4'294'967'296;
    return rules;
}

MediaRules photo_rules() {
    MediaRules rules;
    rules.kind = PostKind::photo;
    rules.count_min = 1;
    rules.count_max = 35;
    rules.containers = {"webp", "jpeg"};
    rules.size_bytes_max = 20'000'000;
    return rules;
}

MediaFacts video() {
    MediaFacts facts;
    facts.path = "/films/a.mp4";
    facts.kind = "video";
    facts.container = "mp4";
    facts.mime = "video/mp4";
    facts.video_codec = "h264";
    facts.audio_codec = "aac";
    facts.width = 1080;
    facts.height = 1920;
    facts.frame_rate = 30;
    facts.duration_ms = 12'000;
    facts.size_bytes = 1'000'000;
    return facts;
}

MediaFacts photo() {
    MediaFacts facts;
    facts.path = "/photos/a.jpg";
    facts.kind = "image";
    facts.container = "jpeg";
    facts.width = 1080;
    facts.height = 1920;
    facts.size_bytes = 100'000;
    return facts;
}

/// The only finding about this file.
Finding only(MediaFacts const& facts,
             MediaRules const& rules = video_rules(),
             CreatorFacts const* creator = nullptr) {
    auto const findings = check_media_item(facts, rules, creator);
    EXPECT_EQ(findings.size(), 1u);
    return findings.empty() ? Finding{} : findings[0];
}

TEST(MediaRules, RightVideoAndPhotoDrawNoWord) {
    EXPECT_TRUE(check_media({video()}, video_rules(), nullptr).empty());
    EXPECT_TRUE(check_media({photo(), photo()}, photo_rules(), nullptr).empty());
    EXPECT_EQ(mending_command(video(), video_rules(), nullptr), "");
}

TEST(MediaRules, SixtyOneFramesASecondAreTooMany) {
    MediaFacts facts = video();
    facts.frame_rate = 61;

    Finding const finding = only(facts);

    EXPECT_EQ(finding.code, "media.unsupported");
    EXPECT_EQ(finding.path, "/media/0");
    EXPECT_EQ(finding.got, 61.0);
    EXPECT_EQ(finding.allowed, (boost::json::array{23.0, 60.0}));
    EXPECT_EQ(finding.message,
              "'/films/a.mp4' has 61 frames a second; the network takes 23 to 60. This mends it: "
              "ffmpeg -i "
              "'/films/a.mp4' -r 60 -c:v libx264 -pix_fmt yuv420p -c:a aac -movflags +faststart "
              "'/films/a.fixed.mp4'");
}

TEST(MediaRules, MeasuredRatesMayStrayALittle) {
    MediaFacts facts = video();
    facts.frame_rate = 60.004;
    EXPECT_TRUE(check_media_item(facts, video_rules(), nullptr).empty());
    facts.frame_rate = 23.976;
    EXPECT_TRUE(check_media_item(facts, video_rules(), nullptr).empty());
}

TEST(MediaRules, SlowVideoIsMendedToAUsualRate) {
    MediaFacts facts = video();
    facts.frame_rate = 15;

    EXPECT_THAT(only(facts).message, HasSubstr(" -r 24 "));
}

TEST(MediaRules, ThreeHundredPixelsAreTooNarrow) {
    MediaFacts facts = video();
    facts.width = 300;
    facts.height = 640;

    Finding const finding = only(facts);

    EXPECT_EQ(finding.got, 300);
    EXPECT_EQ(finding.allowed, (boost::json::array{360, 4096}));
    EXPECT_THAT(
        finding.message,
        HasSubstr("is 300 pixels wide; the network takes 360 to 4096 pixels for each side"));
    EXPECT_THAT(finding.message, HasSubstr("-vf 'scale=360:768'"));
}

TEST(MediaRules, WidthAndHeightAreNamedApart) {
    MediaFacts facts = video();
    facts.width = 200;
    facts.height = 5000;

    auto const findings = check_media_item(facts, video_rules(), nullptr);

    ASSERT_EQ(findings.size(), 2u);
    EXPECT_THAT(findings[0].message, HasSubstr("200 pixels wide"));
    EXPECT_THAT(findings[1].message, HasSubstr("5000 pixels high"));
    // No scale makes both fit, so bars widen it.
    EXPECT_THAT(findings[0].message, HasSubstr("scale=162:4096,pad=360:4096:"));
}

TEST(MediaRules, TooLongForTheNetworkIsCut) {
    MediaFacts facts = video();
    facts.duration_ms = 600'500;

    Finding const finding = only(facts);

    EXPECT_EQ(finding.got, 600'500);
    EXPECT_THAT(finding.message, HasSubstr("lasts 600.5 s; the network takes at most 600 s"));
    EXPECT_THAT(finding.message, HasSubstr("-t 599 -c:v copy"));
}

TEST(MediaRules, TooLongForThisCreatorNamesTheCreator) {
    MediaFacts facts = video();
    facts.duration_ms = 240'000;
    CreatorFacts creator;
    creator.limits["video_duration_ms"] = 180'000;

    Finding const finding = only(facts, video_rules(), &creator);

    EXPECT_THAT(finding.message, HasSubstr("lasts 240 s; this creator may post at most 180 s"));
    EXPECT_THAT(finding.message, HasSubstr("-t 179 "));
    EXPECT_EQ(finding.allowed, (boost::json::array{0, 180'000}));
}

TEST(MediaRules, ACreatorsLimitMayBindDirectPostsOnly) {
    MediaFacts facts = video();
    facts.duration_ms = 240'000;
    CreatorFacts creator;
    creator.limits["video_duration_ms"] = 180'000;
    auto rules = video_rules();
    rules.duration_limit_deliver = {adapter::Deliver::direct};

    using adapter::Deliver;
    EXPECT_EQ(check_media({facts}, rules, &creator, Deliver::direct).size(), 1u);
    EXPECT_TRUE(check_media({facts}, rules, &creator, Deliver::inbox).empty());
    EXPECT_TRUE(check_media({facts}, rules, &creator, Deliver::direct_or_inbox).empty());
    facts.duration_ms = 700'000;
    EXPECT_EQ(check_media({facts}, rules, &creator, Deliver::inbox).size(), 1u);
    rules.duration_limit_deliver.clear();
    facts.duration_ms = 240'000;
    EXPECT_EQ(check_media({facts}, rules, &creator, Deliver::inbox).size(), 1u);
}

TEST(MediaRules, CreatorWithALooserLimitDoesNotLoosenTheNetworks) {
    MediaFacts facts = video();
    facts.duration_ms = 700'000;
    CreatorFacts creator;
    creator.limits["video_duration_ms"] = 3'600'000;

    EXPECT_THAT(only(facts, video_rules(), &creator).message,
                HasSubstr("the network takes at most 600 s"));
}

TEST(MediaRules, WrongContainerAloneIsRepackedWithoutLoss) {
    MediaFacts facts = video();
    facts.container = "mkv";
    facts.path = "/films/a.mkv";

    EXPECT_THAT(only(facts).message,
                HasSubstr("of type mkv; the network takes mp4, mov, webm. This mends it: ffmpeg -i "
                          "'/films/a.mkv' -c:v "
                          "copy -c:a aac -movflags +faststart '/films/a.fixed.mp4'"));
}

TEST(MediaRules, WrongCodecIsEncodedAnew) {
    MediaFacts facts = video();
    facts.video_codec = "mpeg4";

    Finding const finding = only(facts);

    EXPECT_EQ(finding.got, "mpeg4");
    EXPECT_THAT(finding.message, HasSubstr("-c:v libx264"));
}

TEST(MediaRules, NetworkOfWebmAloneGetsWebm) {
    MediaRules rules = video_rules();
    rules.containers = {"webm"};
    rules.video_codecs = {"vp8", "vp9"};

    std::string const command = mending_command(video(), rules, nullptr);

    EXPECT_THAT(command,
                HasSubstr("-c:v libvpx-vp9 -pix_fmt yuv420p -c:a libopus '/films/a.fixed.webm'"));
    EXPECT_THAT(command, Not(HasSubstr("faststart")));
}

TEST(MediaRules, TooManyBytesGetABitRateThatFits) {
    MediaFacts facts = video();
    facts.duration_ms = 100'000;
    facts.size_bytes = 5'000'000'000;

    Finding const finding = only(facts);

    EXPECT_EQ(finding.level, Finding::Level::error);
    // 4,000,000,000 bytes * 8 bits * 0.9 over 100 s.
    EXPECT_THAT(finding.message, HasSubstr("-b:v 288000k"));
}

TEST(MediaRules, BetweenTwoReadingsOfALimitIsAWarning) {
    MediaFacts facts = video();
    facts.size_bytes = 4'100'000'000;

    EXPECT_EQ(only(facts).level, Finding::Level::warning);
}

TEST(MediaRules, SeveralFaultsShareOneCommand) {
    MediaFacts facts = video();
    facts.frame_rate = 120;
    facts.width = 180;
    facts.height = 320;
    facts.duration_ms = 900'000;

    auto const findings = check_media_item(facts, video_rules(), nullptr, "/media/3");

    ASSERT_EQ(findings.size(), 4u);
    for (Finding const& finding : findings) {
        EXPECT_EQ(finding.path, "/media/3");
        EXPECT_THAT(finding.message, HasSubstr("-t 599 -vf 'scale=360:640' -r 60 -c:v libx264"));
    }
}

TEST(MediaRules, WrongKindIsSaidAlone) {
    MediaFacts sound = video();
    sound.kind = "audio";
    sound.width = sound.height = 0;
    EXPECT_THAT(only(sound).message,
                HasSubstr("is sound without pictures, and this post needs a video."));
    EXPECT_THAT(only(photo()).message, HasSubstr("is a picture, and this post needs a video."));

    EXPECT_THAT(only(video(), photo_rules()).message, HasSubstr("-frames:v 1 -update 1"));
}

TEST(MediaRules, PngBecomesTheJpegThatTheNetworkTakes) {
    MediaFacts facts = photo();
    facts.container = "png";
    facts.path = "/photos/a.png";

    EXPECT_THAT(
        only(facts, photo_rules()).message,
        HasSubstr("ffmpeg -i '/photos/a.png' -frames:v 1 -update 1 -q:v 2 '/photos/a.fixed.jpg'"));
}

TEST(MediaRules, NumberOfMediaIsChecked) {
    auto const none = check_media({}, photo_rules(), nullptr);
    auto const two = check_media({video(), video()}, video_rules(), nullptr);

    ASSERT_EQ(none.size(), 1u);
    EXPECT_EQ(none[0].message, "The post has 0 media; the network takes 1 to 35 in one post.");
    ASSERT_EQ(two.size(), 1u);
    EXPECT_EQ(two[0].path, "/media");
    EXPECT_EQ(two[0].message, "The post has 2 media; the network takes 1 in one post.");
}

TEST(MediaRules, UrlAndFileAreToldApart) {
    MediaFacts url;
    url.url = "https://example.org/a.mp4";
    MediaRules both = video_rules();
    both.url_allowed = true;
    MediaRules urls = video_rules();
    urls.url_only = true;

    EXPECT_THAT(only(url).message, HasSubstr("takes files only"));
    EXPECT_TRUE(check_media_item(url, both, nullptr).empty());
    EXPECT_TRUE(check_media_item(url, urls, nullptr).empty());
    EXPECT_THAT(only(video(), urls).message, HasSubstr("fetches this kind of media itself"));
    EXPECT_THAT(only(video(), urls).message, Not(HasSubstr("ffmpeg")));
}

TEST(MediaRules, RulesWithoutBoundsBindNothing) {
    MediaRules const rules;
    MediaFacts facts = video();
    facts.width = 1;
    facts.frame_rate = 1000;
    facts.duration_ms = 100'000'000;

    EXPECT_TRUE(check_media_item(facts, rules, nullptr).empty());
}

TEST(ShellQuoted, AnyNameComesBackFromTheShell) {
    EXPECT_EQ(shell_quoted("a b"), "'a b'");
    EXPECT_EQ(shell_quoted("it's"), "'it'\\''s'");
    EXPECT_EQ(shell_quoted("a\nb'\\"), "$'a\\012b\\'\\\\'");
}

/// The commands are run, where ffmpeg is: what they make must pass the rules that the original
/// broke.
TEST(MediaRules, CommandsReallyMend) {
    if (std::system("command -v ffmpeg > /dev/null") != 0)
        GTEST_SKIP() << "ffmpeg is not installed";
    std::string folder = (std::filesystem::temp_directory_path() / "media rules XXXXXX").string();
    ASSERT_NE(::mkdtemp(folder.data()), nullptr);
    MediaProbe probe(POSTRIDER_BUILD_DIR "/libexec/postrider/postrider-probe");
    CreatorFacts creator;
    creator.limits["video_duration_ms"] = 180'000;
    std::vector<std::pair<std::string, MediaRules>> const cases = {{"fps61.mp4", video_rules()},
                                                                   {"narrow300.mp4", video_rules()},
                                                                   {"long.mp4", video_rules()},
                                                                   {"sample.avi", video_rules()},
                                                                   {"vp9.mkv", video_rules()},
                                                                   {"photo.png", photo_rules()}};
    for (auto const& [name, rules] : cases) {
        std::string const copy = folder + "/it's " + name;
        std::filesystem::copy_file(POSTRIDER_SOURCE_DIR "/core/test/media/" + name, copy);
        auto const before = probe.probe(copy);
        ASSERT_TRUE(before) << name;
        ASSERT_FALSE(check_media_item(*before, rules, &creator).empty()) << name;

        std::string const command = mending_command(*before, rules, &creator);
        ASSERT_EQ(std::system((command + " -nostdin -v error -threads 1").c_str()), 0) << command;

        std::string const output =
            copy.substr(0, copy.rfind('.')) + (name == "photo.png" ? ".fixed.jpg" : ".fixed.mp4");
        auto const after = probe.probe(output);
        ASSERT_TRUE(after) << command;
        for (Finding const& finding : check_media_item(*after, rules, &creator))
            ADD_FAILURE() << finding.message;
    }
    std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace postrider::core
