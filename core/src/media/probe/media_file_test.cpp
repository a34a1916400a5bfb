// Only ordinary files are opened, and a file that changes under the reader is noticed.
#include "media_file.hpp"

#include "trouble.hpp"

#include <gtest/gtest.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

namespace postrider::probe {
namespace {

using namespace std::chrono_literals;

class MediaFileTest : public testing::Test {
 protected:
    MediaFileTest() {
        std::string name = (std::filesystem::temp_directory_path() / "media-file-XXXXXX").string();
        folder_ = ::mkdtemp(name.data());
    }
    ~MediaFileTest() override { std::filesystem::remove_all(folder_); }

    std::string write(std::string const& name, std::string const& content) const {
        std::ofstream(folder_ / name, std::ios::binary) << content;
        return (folder_ / name).string();
    }
    std::string at(std::string const& name) const { return (folder_ / name).string(); }
    static void append(std::string const& path) { std::ofstream(path, std::ios::app) << "more"; }

    static std::string refusal(std::string const& path) {
        try {
            MediaFile const file(path);
            return "opened";
        } catch (Trouble const& trouble) {
            return trouble.code;
        }
    }
    template <class Action>
    static std::string trouble_of(Action&& action) {
        try {
            action();
            return "none";
        } catch (Trouble const& trouble) {
            return trouble.code;
        }
    }
    static std::chrono::steady_clock::time_point soon() {
        return std::chrono::steady_clock::now() + 60s;
    }

    std::filesystem::path folder_;
};

TEST_F(MediaFileTest, KnownTextHasItsKnownHash) {
    MediaFile const file(write("abc", "abc"));

    EXPECT_EQ(file.sha256(soon()),
              "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    EXPECT_EQ(file.identity().size_bytes, 3u);
}

TEST_F(MediaFileTest, HashCoversFilesLongerThanOneBlock) {
    MediaFile const file(write("zeros", std::string(3 * 1024 * 1024 + 1, '\0')));

    EXPECT_EQ(file.sha256(soon()),
              "sha256:5983281b51c767c831104f52c95e4075f27e6f4fa8dd0526e3929f79176a1217");
}

TEST_F(MediaFileTest, WhatIsNoOrdinaryFileIsRefusedWithoutWaiting) {
    ASSERT_EQ(::mkfifo(at("pipe").c_str(), 0600), 0);

    EXPECT_EQ(refusal(at("pipe")), "media.unreadable");
    EXPECT_EQ(refusal(folder_.string()), "media.unreadable");
    EXPECT_EQ(refusal("/dev/null"), "media.unreadable");
    EXPECT_EQ(refusal("/dev/zero"), "media.unreadable");
    EXPECT_EQ(refusal(at("absent")), "media.missing");
    EXPECT_EQ(refusal(""), "media.unreadable");
    EXPECT_EQ(refusal(write("empty", "")), "media.empty");
}

TEST_F(MediaFileTest, NameWithAZeroByteOpensNothing) {
    std::string const path = write("short", "abc");

    EXPECT_EQ(refusal(path + std::string("\0.mp4", 5)), "media.unreadable");
}

TEST_F(MediaFileTest, LinkToAFileIsThatFile) {
    write("real", "abc");
    std::filesystem::create_symlink(folder_ / "real", folder_ / "link");
    std::filesystem::create_symlink(folder_ / "circle", folder_ / "circle");

    EXPECT_EQ(refusal(at("link")), "opened");
    EXPECT_EQ(refusal(at("circle")), "media.unreadable");
}

TEST_F(MediaFileTest, FileThatGrewIsNotHashed) {
    std::string const path = write("growing", "abc");
    MediaFile const file(path);
    append(path);

    EXPECT_EQ(trouble_of([&] { (void)file.sha256(soon()); }), "media.changed_while_read");
    EXPECT_EQ(trouble_of([&] { file.require_unchanged(); }), "media.changed_while_read");
}

TEST_F(MediaFileTest, FileThatShrankIsNotHashed) {
    std::string const path = write("shrinking", "abc");
    MediaFile const file(path);
    std::filesystem::resize_file(path, 1);

    EXPECT_EQ(trouble_of([&] { (void)file.sha256(soon()); }), "media.changed_while_read");
}

TEST_F(MediaFileTest, SameSizeWithAnotherTimeIsAChange) {
    std::string const path = write("rewritten", "abc");
    MediaFile const file(path);
    timespec const times[] = {{1, 0}, {1, 0}};
    ASSERT_EQ(::utimensat(AT_FDCWD, path.c_str(), times, 0), 0);

    EXPECT_EQ(trouble_of([&] { file.require_unchanged(); }), "media.changed_while_read");
}

TEST_F(MediaFileTest, NewNameForTheOpenFileIsNoChange) {
    std::string const path = write("before", "abc");
    MediaFile const file(path);
    std::filesystem::rename(path, at("after"));

    EXPECT_EQ(trouble_of([&] { file.require_unchanged(); }), "none");
}

TEST_F(MediaFileTest, DeadlineEndsTheHash) {
    MediaFile const file(write("abc", "abc"));

    EXPECT_EQ(trouble_of([&] { (void)file.sha256(std::chrono::steady_clock::now()); }),
              "media.limit");
}

}  // namespace
}  // namespace postrider::probe
