// The client of the probe program: the real helper over real files, and helpers that die, hang,
// babble or lie.
#include <postrider/core/media_probe.hpp>

#include <postrider/test/large_mp4.hpp>

#include <gtest/gtest.h>

#include <sys/stat.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

namespace postrider::core {
namespace {

using namespace std::chrono_literals;

std::filesystem::path const real_helper = POSTRIDER_BUILD_DIR "/libexec/postrider/postrider-probe";
std::filesystem::path const media = POSTRIDER_SOURCE_DIR "/core/test/media";

/// Short times, for helpers that never answer.
MediaProbeLimits impatient() {
    MediaProbeLimits limits;
    limits.parsing = 0s;
    limits.hash_base = 0s;
    limits.reply_grace = 300ms;
    return limits;
}

class MediaProbeTest : public testing::Test {
 protected:
    MediaProbeTest() {
        std::string name = (std::filesystem::temp_directory_path() / "media-probe-XXXXXX").string();
        folder_ = ::mkdtemp(name.data());
    }
    ~MediaProbeTest() override { std::filesystem::remove_all(folder_); }

    /// A shell script in the helper's place. $FOLDER is the test's folder.
    std::filesystem::path script(std::string const& body) const {
        auto const path = folder_ / "helper";
        std::ofstream(path) << "#!/bin/sh\nFOLDER='" << folder_.string() << "'\n" << body << "\n";
        std::filesystem::permissions(path, std::filesystem::perms::owner_all);
        return path;
    }
    std::filesystem::path copy(std::string const& name, std::string const& as) const {
        std::filesystem::copy_file(media / name, folder_ / as);
        return folder_ / as;
    }
    /// Lines in a file that helpers write at each start.
    int starts() const {
        std::ifstream file(folder_ / "starts");
        int count = 0;
        for (std::string line; std::getline(file, line);) ++count;
        return count;
    }

    std::filesystem::path folder_;
};

template <class T>
std::string code(Result<T> const& result) {
    return result ? std::string("none") : result.error().code();
}
template <class T>
std::string message(Result<T> const& result) {
    return result ? std::string() : result.error().message();
}

std::string const hash_script =
    R"(printf '{"ok":true,"path":"/x.mp4","sha256":"sha256:%064d"}\n' 7)";
std::string const hash_of_script = "sha256:" + std::string(63, '0') + "7";

TEST_F(MediaProbeTest, OneHelperTellsAboutManyFiles) {
    MediaProbe probe(real_helper);

    auto const good = probe.probe(media / "good.mp4");
    auto const missing = probe.probe(media / "absent.mp4");
    auto const webm = probe.probe(media / "vp9.webm");

    ASSERT_TRUE(good) << message(good);
    EXPECT_EQ(good->path, (media / "good.mp4").string());
    EXPECT_EQ(good->kind, "video");
    EXPECT_EQ(good->container, "mp4");
    EXPECT_EQ(good->video_codec, "h264");
    EXPECT_EQ(good->audio_codec, "aac");
    EXPECT_EQ(good->width, 360);
    EXPECT_EQ(good->height, 640);
    EXPECT_EQ(good->duration_ms, 4000);
    EXPECT_DOUBLE_EQ(good->frame_rate, 30.0);
    EXPECT_TRUE(good->has_sound);
    EXPECT_TRUE(is_untouched(*good));
    EXPECT_EQ(code(missing), "media.missing");
    ASSERT_TRUE(webm) << message(webm);
    EXPECT_EQ(webm->container, "webm");
    EXPECT_EQ(webm->audio_codec, "");
}

TEST_F(MediaProbeTest, EachBadFileHasItsCode) {
    MediaProbe probe(real_helper);
    ASSERT_EQ(::mkfifo((folder_ / "pipe").c_str(), 0600), 0);

    EXPECT_EQ(code(probe.probe(media / "empty.mp4")), "media.empty");
    EXPECT_EQ(code(probe.probe(media / "not-a-video.mp4")), "media.not_media");
    EXPECT_EQ(code(probe.probe(media / "playlist.mp4")), "media.not_media");
    EXPECT_EQ(code(probe.probe(media / "concat.mp4")), "media.not_media");
    EXPECT_EQ(code(probe.probe(media / "truncated.mp4")), "media.damaged");
    EXPECT_EQ(code(probe.probe(media / "cut-tail.mp4")), "media.damaged");
    EXPECT_EQ(code(probe.probe(media)), "media.unreadable");
    EXPECT_EQ(code(probe.probe("/dev/null")), "media.unreadable");
    EXPECT_EQ(code(probe.probe(folder_ / "pipe")), "media.unreadable");
    EXPECT_EQ(code(probe.probe("/" + std::string(5000, 'x'))), "media.unreadable");
}

TEST_F(MediaProbeTest, PathWithNewlineQuotesAndForeignBytesIsServed) {
    MediaProbe probe(real_helper);
    auto const path = copy("good.mp4", "a\n'b\" \xff.mp4");

    auto const facts = probe.probe(path);

    ASSERT_TRUE(facts) << message(facts);
    EXPECT_EQ(facts->path, path.string());
    EXPECT_TRUE(is_untouched(*facts));
}

TEST_F(MediaProbeTest, RelativePathBecomesAbsolute) {
    MediaProbe probe(real_helper);

    auto const facts = probe.probe(std::filesystem::relative(media / "good.mp4"));

    ASSERT_TRUE(facts) << message(facts);
    EXPECT_TRUE(std::filesystem::path(facts->path).is_absolute());
}

TEST_F(MediaProbeTest, FileThatGrowsWhileItIsReadIsNotAccepted) {
    MediaProbe probe(real_helper);
    auto const path = folder_ / "growing.mp4";
    test::write_large_mp4(media / "good.mp4", path, 64'000'000);
    std::filesystem::resize_file(path, 512'000'000);  // a hole: long to hash, quick to make
    std::atomic<bool> done = false;
    std::thread writer([&] {
        while (!done) {
            std::ofstream(path, std::ios::app) << "more";
            std::this_thread::sleep_for(1ms);
        }
    });

    auto const facts = probe.probe(path);
    done = true;
    writer.join();

    EXPECT_EQ(code(facts), "media.changed_while_read") << message(facts);
}

TEST_F(MediaProbeTest, HashAloneIsGivenForAnyFile) {
    MediaProbe probe(real_helper);

    auto const letter = probe.hash_file(media / "not-a-video.mp4");
    auto const video = probe.hash_file(media / "good.mp4");
    auto const facts = probe.probe(media / "good.mp4");

    ASSERT_TRUE(letter) << message(letter);
    ASSERT_TRUE(video && facts);
    EXPECT_NE(*letter, *video);
    EXPECT_EQ(*video, facts->sha256);
    EXPECT_EQ(code(probe.hash_file(media / "absent.mp4")), "media.missing");
}

TEST_F(MediaProbeTest, TouchedFileIsUnchangedAndRewrittenFileIsNot) {
    MediaProbe probe(real_helper);
    auto const path = copy("good.mp4", "video.mp4");
    auto const facts = probe.probe(path);
    ASSERT_TRUE(facts) << message(facts);
    EXPECT_EQ(code(probe.check_unchanged(*facts)), "none");

    std::filesystem::last_write_time(path, std::filesystem::file_time_type::clock::now() + 1h);
    EXPECT_FALSE(is_untouched(*facts));
    EXPECT_EQ(code(probe.check_unchanged(*facts)), "none");

    std::fstream(path, std::ios::in | std::ios::out | std::ios::binary).seekp(1000).put('!');
    EXPECT_EQ(code(probe.check_unchanged(*facts)), "media.changed");

    std::filesystem::remove(path);
    EXPECT_EQ(code(probe.check_unchanged(*facts)), "media.missing");
}

TEST_F(MediaProbeTest, HelperThatDiedBetweenTwoFilesIsStartedAnew) {
    MediaProbe probe(script("echo start >> $FOLDER/starts; read -r line; " + hash_script));

    EXPECT_EQ(probe.hash_file("/x.mp4").value_or("none"), hash_of_script);
    EXPECT_EQ(probe.hash_file("/x.mp4").value_or("none"), hash_of_script);
    EXPECT_EQ(starts(), 2);
}

TEST_F(MediaProbeTest, HelperKilledInTheMiddleIsAskedOnceMore) {
    MediaProbe probe(
        script("echo start >> $FOLDER/starts; read -r line\n"
               "[ $(wc -l < $FOLDER/starts) -gt 1 ] || { printf '{\"ok\":tr'; kill -9 $$; }\n" +
               hash_script));

    EXPECT_EQ(probe.hash_file("/x.mp4").value_or("none"), hash_of_script);
    EXPECT_EQ(starts(), 2);
}

TEST_F(MediaProbeTest, FileThatKillsEveryHelperIsCalledDamaged) {
    MediaProbe probe(script("echo start >> $FOLDER/starts; read -r line; kill -SEGV $$"));

    auto const facts = probe.probe("/x.mp4");

    EXPECT_EQ(code(facts), "media.damaged");
    EXPECT_NE(message(facts).find("signal 11"), std::string::npos) << message(facts);
    EXPECT_EQ(starts(), 2);
}

TEST_F(MediaProbeTest, HelperThatTheSystemKillsMeansALimit) {
    MediaProbe probe(script("read -r line; kill -KILL $$"));

    EXPECT_EQ(code(probe.probe("/x.mp4")), "media.limit");
}

TEST_F(MediaProbeTest, HelperThatNeverAnswersIsKilledAndTheNextFileIsServed) {
    MediaProbe probe(script("echo $$ >> $FOLDER/starts\n"
                            "[ $(wc -l < $FOLDER/starts) -gt 1 ] || sleep 1000\n"
                            "read -r line; " +
                            hash_script),
                     impatient());
    auto const begin = std::chrono::steady_clock::now();

    auto const late = probe.hash_file("/x.mp4");

    EXPECT_EQ(code(late), "media.limit");
    EXPECT_LT(std::chrono::steady_clock::now() - begin, 5s);
    EXPECT_EQ(probe.hash_file("/x.mp4").value_or("none"), hash_of_script);
}

TEST_F(MediaProbeTest, HelperThatTricklesBytesIsKilledToo) {
    MediaProbe probe(script("while :; do printf x; sleep 0.05; done"), impatient());

    EXPECT_EQ(code(probe.probe("/x.mp4")), "media.limit");
}

TEST_F(MediaProbeTest, AnswerWithoutEndIsCutOff) {
    MediaProbe probe(script("read -r line; while :; do printf '%01000d' 0; done"));

    auto const facts = probe.probe("/x.mp4");

    EXPECT_EQ(code(facts), "setup.helper_missing");
    EXPECT_NE(message(facts).find("too long"), std::string::npos) << message(facts);
}

TEST_F(MediaProbeTest, AnswerThatMakesNoSenseIsNotBelieved) {
    for (std::string const answer :
         {"hello",
          "[]",
          "{}",
          R"({"ok":true,"path":"/other.mp4"})",
          R"({"ok":"yes","path":"/x.mp4"})",
          R"({"ok":true,"path":"/x.mp4"})",
          R"({"ok":true,"path":"/x.mp4","kind":"video","sha256":"sha256:short"})"}) {
        MediaProbe probe(script("read -r line; echo '" + answer + "'"));
        EXPECT_EQ(code(probe.probe("/x.mp4")), "setup.helper_missing") << answer;
    }
}

TEST_F(MediaProbeTest, RefusalWithAForeignCodeStaysInsideTheCatalogue) {
    MediaProbe probe(
        script(R"(read -r line; echo '{"ok":false,"path":"/x.mp4","code":"media.nonsense"}')"));

    EXPECT_EQ(code(probe.probe("/x.mp4")), "media.damaged");
}

TEST_F(MediaProbeTest, MissingHelperIsSaidToBeMissing) {
    MediaProbe absent(folder_ / "absent");
    MediaProbe unloadable(script("exit 127"));
    MediaProbe foreign(script("exit 2"));

    EXPECT_EQ(code(absent.probe(media / "good.mp4")), "setup.helper_missing");
    EXPECT_EQ(code(unloadable.probe(media / "good.mp4")), "setup.helper_missing");
    EXPECT_EQ(code(foreign.probe(media / "good.mp4")), "setup.helper_missing");
}

TEST_F(MediaProbeTest, HelperSeesNoneOfOurEnvironment) {
    ::setenv("POSTRIDER_TEST_SECRET", "s3cret", 1);
    MediaProbe probe(script("env > $FOLDER/env; read -r line; " + hash_script));

    ASSERT_TRUE(probe.hash_file("/x.mp4"));
    std::ifstream file(folder_ / "env");
    std::string const seen((std::istreambuf_iterator<char>(file)), {});

    EXPECT_EQ(seen.find("s3cret"), std::string::npos);
}

TEST_F(MediaProbeTest, ManyThreadsAskAtOnce) {
    MediaProbe probe(real_helper);
    std::atomic<int> right = 0;
    std::vector<std::thread> threads;
    for (int thread = 0; thread < 8; ++thread)
        threads.emplace_back([&, thread] {
            auto const name = thread % 2 == 0 ? "good.mp4" : "square.mp4";
            for (int turn = 0; turn < 5; ++turn) {
                auto const facts = probe.probe(media / name);
                if (facts && facts->width == (thread % 2 == 0 ? 360 : 480)) ++right;
            }
        });
    for (std::thread& thread : threads) thread.join();

    EXPECT_EQ(right, 40);
}

TEST_F(MediaProbeTest, LargeVideoIsAVideoOfExactlyThatSize) {
    MediaProbe probe(real_helper);
    auto const path = folder_ / "large.mp4";
    test::write_large_mp4(media / "good.mp4", path, 70'000'001);

    auto const facts = probe.probe(path);

    ASSERT_TRUE(facts) << message(facts);
    EXPECT_EQ(facts->size_bytes, 70'000'001u);
    EXPECT_EQ(facts->kind, "video");
    EXPECT_EQ(facts->duration_ms, 4000);
    EXPECT_THROW(test::write_large_mp4(media / "good.mp4", path, 100), std::runtime_error);
}

TEST(FileIdentityTest, OnlyOrdinaryFilesHaveOne) {
    EXPECT_TRUE(identify(media / "good.mp4").has_value());
    EXPECT_EQ(identify(media / "good.mp4"), identify(media / "good.mp4"));
    EXPECT_FALSE(identify(media).has_value());
    EXPECT_FALSE(identify(media / "absent.mp4").has_value());
}

}  // namespace
}  // namespace postrider::core
