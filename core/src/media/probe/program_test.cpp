// The probe as a program: what it says about good and bad files, and that nothing it is given makes
// it fall silent.
#include <gtest/gtest.h>
#include <boost/json.hpp>

#include <sys/wait.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

namespace json = boost::json;

std::string const media = POSTRIDER_SOURCE_DIR "/core/test/media/";

struct Outcome {
    int status = 0;
    std::vector<json::object> answers;
};

/// Runs a shell command in which $PROBE is the program.
Outcome run(std::string const& command) {
    ::setenv("PROBE", POSTRIDER_PROBE, 1);
    std::FILE* const pipe = ::popen(command.c_str(), "r");
    if (pipe == nullptr) throw std::runtime_error("popen");
    std::string output;
    char block[4096];
    for (std::size_t count; (count = std::fread(block, 1, sizeof block, pipe)) > 0;)
        output.append(block, count);
    int const status = ::pclose(pipe);
    Outcome result{WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), {}};
    json::parse_options options;
    options.allow_invalid_utf8 = true;
    std::istringstream lines(output);
    for (std::string line; std::getline(lines, line);)
        result.answers.push_back(json::parse(line, {}, options).as_object());
    return result;
}

/// Asks about one file of the test media.
json::object ask(std::string const& name, std::string const& options = "") {
    Outcome const result = run("\"$PROBE\" " + options + " '" + media + name + "'");
    if (result.status != 0 || result.answers.size() != 1)
        throw std::runtime_error("no single answer about " + name);
    return result.answers[0];
}

std::string text(json::object const& answer, char const* member) {
    json::value const* value = answer.if_contains(member);
    if (value == nullptr) return "(absent)";
    return value->is_string() ? std::string(value->get_string()) : json::serialize(*value);
}

struct Expected {
    char const* file;
    char const* kind;
    char const* container;
    char const* video_codec;
    char const* audio_codec;
    int width;
    int height;
    int duration_ms;
    char const* rate;
};

class GoodFile : public testing::TestWithParam<Expected> {};

TEST_P(GoodFile, IsDescribed) {
    Expected const& expected = GetParam();

    json::object const answer = ask(expected.file);

    EXPECT_EQ(text(answer, "ok"), "true");
    EXPECT_EQ(text(answer, "kind"), expected.kind);
    EXPECT_EQ(text(answer, "container"), expected.container);
    EXPECT_EQ(text(answer, "video_codec"), expected.video_codec);
    EXPECT_EQ(text(answer, "audio_codec"), expected.audio_codec);
    EXPECT_EQ(text(answer, "width"), std::to_string(expected.width));
    EXPECT_EQ(text(answer, "height"), std::to_string(expected.height));
    EXPECT_EQ(text(answer, "duration_ms"), std::to_string(expected.duration_ms));
    EXPECT_EQ(text(answer, "frame_rate_rational"), expected.rate);
    EXPECT_EQ(text(answer, "sha256").size(), 7u + 64u);
    EXPECT_EQ(text(answer, "size_bytes"),
              std::to_string(std::filesystem::file_size(media + expected.file)));
}

INSTANTIATE_TEST_SUITE_P(
    Media,
    GoodFile,
    testing::Values(
        Expected{"good.mp4", "video", "mp4", "h264", "aac", 360, 640, 4000, "30/1"},
        Expected{"fps61.mp4", "video", "mp4", "h264", "aac", 360, 640, 4000, "61/1"},
        Expected{"ntsc.mp4", "video", "mp4", "h264", "null", 360, 640, 4004, "30000/1001"},
        Expected{"narrow300.mp4", "video", "mp4", "h264", "aac", 300, 640, 4000, "30/1"},
        Expected{"long.mp4", "video", "mp4", "h264", "null", 360, 640, 240000, "24/1"},
        Expected{"landscape.mp4", "video", "mp4", "h264", "aac", 640, 360, 4000, "30/1"},
        Expected{"rotated.mp4", "video", "mp4", "h264", "aac", 360, 640, 4000, "30/1"},
        Expected{"square.mp4", "video", "mp4", "h264", "aac", 480, 480, 4000, "30/1"},
        Expected{"silent.mp4", "video", "mp4", "h264", "null", 360, 640, 4000, "30/1"},
        Expected{"hevc.mp4", "video", "mp4", "hevc", "null", 360, 640, 4000, "30/1"},
        Expected{"vp9.webm", "video", "webm", "vp9", "null", 360, 640, 4000, "30/1"},
        Expected{"vp9.mkv", "video", "mkv", "vp9", "null", 360, 640, 4000, "30/1"},
        Expected{"sample.mov", "video", "mov", "h264", "aac", 360, 640, 4000, "30/1"},
        Expected{"sample.avi", "video", "avi", "mpeg4", "null", 144, 256, 1000, "25/1"},
        Expected{"audio-only.m4a", "audio", "m4a", "null", "aac", 0, 0, 3000, "0/1"},
        Expected{"photo.jpg", "image", "jpeg", "null", "null", 360, 640, 0, "0/1"},
        Expected{"photo.png", "image", "png", "null", "null", 360, 640, 0, "0/1"},
        Expected{"photo.webp", "image", "webp", "null", "null", 360, 640, 0, "0/1"},
        Expected{"moving.gif", "image", "gif", "null", "null", 120, 160, 0, "0/1"}));

TEST(Probe, SaysHowAPhoneHeldTheCamera) {
    EXPECT_EQ(text(ask("rotated.mp4"), "rotation"), "90");
    EXPECT_EQ(text(ask("good.mp4"), "rotation"), "0");
}

struct Bad {
    char const* file;
    char const* code;
    char const* words;
};

class BadFile : public testing::TestWithParam<Bad> {};

TEST_P(BadFile, IsRefusedInWords) {
    Bad const& bad = GetParam();

    json::object const answer = ask(bad.file);

    EXPECT_EQ(text(answer, "ok"), "false");
    EXPECT_EQ(text(answer, "code"), bad.code);
    EXPECT_NE(text(answer, "message").find(bad.words), std::string::npos)
        << text(answer, "message");
    EXPECT_NE(text(answer, "message").find(bad.file), std::string::npos) << text(answer, "message");
}

INSTANTIATE_TEST_SUITE_P(
    Media,
    BadFile,
    testing::Values(Bad{"empty.mp4", "media.empty", "0 bytes"},
                    Bad{"not-a-video.mp4", "media.not_media", "no media file"},
                    Bad{"truncated.mp4", "media.damaged", "index or header is missing"},
                    Bad{"cut-tail.mp4", "media.damaged", "its end is missing"},
                    Bad{"playlist.mp4", "media.not_media", "not accepted here (hls)"},
                    Bad{"concat.mp4", "media.not_media", "not accepted here (concat)"},
                    Bad{"absent.mp4", "media.missing", "does not exist"}));

TEST(Probe, OneStartServesManyFilesInOrder) {
    Outcome const result =
        run("printf '%s\\n' '{\"path\":\"" + media + "good.mp4\"}' '{\"path\":\"" + media +
            "empty.mp4\"}' '{\"path\":\"" + media + "silent.mp4\"}' | \"$PROBE\"");

    EXPECT_EQ(result.status, 0);
    ASSERT_EQ(result.answers.size(), 3u);
    EXPECT_EQ(text(result.answers[0], "has_sound"), "true");
    EXPECT_EQ(text(result.answers[1], "code"), "media.empty");
    EXPECT_EQ(text(result.answers[2], "has_sound"), "false");
}

TEST(Probe, HashAndFactsCanBeAskedForAlone) {
    Outcome const result =
        run("printf '%s\\n' '{\"path\":\"" + media + "good.mp4\",\"probe\":false}' '{\"path\":\"" +
            media + "good.mp4\",\"hash\":false}' | \"$PROBE\"");

    ASSERT_EQ(result.answers.size(), 2u);
    EXPECT_EQ(text(result.answers[0], "kind"), "(absent)");
    EXPECT_EQ(text(result.answers[0], "sha256").substr(0, 7), "sha256:");
    EXPECT_EQ(text(result.answers[1], "kind"), "video");
    EXPECT_EQ(text(result.answers[1], "sha256"), "(absent)");
}

TEST(Probe, LinesThatAreNoRequestAreAnsweredAndTheNextOneIsServed) {
    Outcome const result =
        run("{ printf 'nonsense\\n[]\\n{\"path\":7}\\n\\n'; head -c 200000 /dev/zero | tr '\\0' x; "
            "echo; "
            "echo '{\"path\":\"" +
            media + "good.mp4\"}'; } | \"$PROBE\"");

    ASSERT_EQ(result.answers.size(), 6u);
    for (std::size_t at = 0; at < 5; ++at)
        EXPECT_EQ(text(result.answers[at], "code"), "media.unreadable") << at;
    EXPECT_EQ(text(result.answers[5], "ok"), "true");
}

TEST(Probe, PathWithNewlineQuotesAndForeignBytesIsServed) {
    std::string folder = (std::filesystem::temp_directory_path() / "probe-XXXXXX").string();
    ASSERT_NE(::mkdtemp(folder.data()), nullptr);
    std::string const path = folder + "/a\n'b\" \xff.mp4";
    std::filesystem::copy_file(media + "good.mp4", path);
    json::object const request{{"path", path}};
    std::ofstream(folder + "/request") << json::serialize(request) << "\n";

    Outcome const result = run("\"$PROBE\" < " + folder + "/request");

    ASSERT_EQ(result.answers.size(), 1u);
    EXPECT_EQ(text(result.answers[0], "ok"), "true");
    EXPECT_EQ(text(result.answers[0], "path"), path);
    std::filesystem::remove_all(folder);
}

TEST(Probe, MessageNeverCarriesControlCharactersToATerminal) {
    Outcome const result =
        run("printf '%s\\n' '{\"path\":\"/absent\\u001b[2J\\n.mp4\"}' | \"$PROBE\"");

    ASSERT_EQ(result.answers.size(), 1u);
    for (char const letter : text(result.answers[0], "message"))
        EXPECT_GE(static_cast<unsigned char>(letter), 0x20);
}

TEST(Probe, TimeThatIsUpEndsTheExamination) {
    EXPECT_EQ(text(ask("good.mp4", "--seconds 0"), "code"), "media.limit");
}

TEST(Probe, WriterlessPipeDoesNotHoldItUp) {
    Outcome const result =
        run("d=$(mktemp -d) && mkfifo $d/p && timeout 10 \"$PROBE\" $d/p; s=$?; rm -r $d; exit $s");

    EXPECT_EQ(result.status, 0);
    ASSERT_EQ(result.answers.size(), 1u);
    EXPECT_EQ(text(result.answers[0], "code"), "media.unreadable");
}

TEST(Probe, AnswersCanBeRedirectedIntoAFile) {
    Outcome const result =
        run("f=$(mktemp) && \"$PROBE\" '" + media + "good.mp4' > $f; cat $f; rm $f");

    ASSERT_EQ(result.answers.size(), 1u);
    EXPECT_EQ(text(result.answers[0], "ok"), "true");
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__clang__)
TEST(Probe, MemoryThatIsUsedUpIsAnAnswerAndNoCrash) {
    EXPECT_EQ(text(ask("good.mp4", "--memory-mib 1"), "code"), "media.limit");
}
#endif

TEST(Probe, WrongUseIsSaidByStatus) {
    EXPECT_EQ(std::system("'" POSTRIDER_PROBE "' --seconds soon > /dev/null") >> 8, 2);
    EXPECT_EQ(std::system("'" POSTRIDER_PROBE "' --unknown 1 > /dev/null") >> 8, 2);
}

}  // namespace
