// Modules that fit and modules that do not: each refusal says what is wrong and who is behind.
#include <postrider/core/adapters.hpp>

#include <postrider/catalogue.hpp>

#include <gtest/gtest.h>

#include <unistd.h>

#include <fstream>

namespace postrider::core {
namespace {

// Built from testdata/module.cpp by core/CMakeLists.txt.
std::filesystem::path const modules =
    std::filesystem::path{POSTRIDER_BUILD_DIR} / "tests/load_modules";

Error refusal(std::string_view network) {
    Adapters adapters({modules});
    auto const found = adapters.find(network);
    EXPECT_FALSE(found) << network;
    return found ? make_error("internal.bug") : found.error();
}

bool says(Error const& error, std::string_view words) {
    return error.message().find(words) != std::string::npos;
}

TEST(Adapters, ModuleThatFitsIsOpenedOnce) {
    Adapters adapters({modules});

    auto const first = adapters.find("good");
    auto const second = adapters.find("good");

    ASSERT_TRUE(first) << first.error().message();
    EXPECT_EQ((*first)->descriptor().network, "good");
    EXPECT_EQ(*first, *second);
}

TEST(Adapters, OlderModuleIsRefusedAsOlder) {
    auto const error = refusal("older");

    EXPECT_EQ(error.code(), "setup.adapter_mismatch");
    EXPECT_TRUE(says(error, "is older than postrider")) << error.message();
}

TEST(Adapters, NewerModuleIsRefusedAsNewer) {
    auto const error = refusal("newer");

    EXPECT_EQ(error.code(), "setup.adapter_mismatch");
    EXPECT_TRUE(says(error, "is newer than postrider")) << error.message();
    EXPECT_NE(error.hint().find("Update postrider"), std::string::npos);
}

TEST(Adapters, ModuleOfOtherToolsIsRefused) {
    auto const error = refusal("othertools");

    EXPECT_EQ(error.code(), "setup.adapter_mismatch");
    EXPECT_TRUE(says(error, "older tools (another-compiler)")) << error.message();
}

TEST(Adapters, ModuleUnderAnotherNameIsRefused) {
    auto const error = refusal("renamed");

    EXPECT_EQ(error.code(), "setup.adapter_mismatch");
    EXPECT_TRUE(says(error, "network 'truename'")) << error.message();
}

TEST(Adapters, LibraryWithoutTheEntryIsNoAdapter) {
    auto const error = refusal("noentry");

    EXPECT_EQ(error.code(), "setup.adapter_mismatch");
    EXPECT_TRUE(says(error, "no adapter of postrider")) << error.message();
}

TEST(Adapters, FileThatIsNoLibraryCannotBeOpened) {
    auto const folder = std::filesystem::temp_directory_path() /
                        ("postrider-load-test-" + std::to_string(::getpid()));
    std::filesystem::create_directories(folder);
    std::ofstream(folder / "text.so") << "not a library";
    Adapters adapters({folder});

    auto const found = adapters.find("text");

    ASSERT_FALSE(found);
    EXPECT_EQ(found.error().code(), "setup.adapter_missing");
    std::filesystem::remove_all(folder);
}

TEST(Adapters, UnknownNetworkComesWithTheNearestName) {
    auto const error = refusal("goood");

    EXPECT_EQ(error.code(), "not_found.network");
    EXPECT_TRUE(says(error, "did you mean 'good'?")) << error.message();
    EXPECT_TRUE(says(refusal("zzzzzzzz"), "known are good, ")) << refusal("zzzzzzzz").message();
}

TEST(Adapters, NamesAreNeverPaths) {
    for (auto const* name :
         {"../good", "/etc/good", "", "good.so", "Good", "1good", "go/od", "good\n"})
        EXPECT_EQ(refusal(name).code(), "not_found.network") << name;
}

TEST(Adapters, OneThatCannotBeUsedIsNotOverlooked) {
    Adapters adapters({modules});

    auto const all = adapters.all();

    ASSERT_FALSE(all);
    EXPECT_EQ(all.error().code(), "setup.adapter_mismatch");
}

TEST(Adapters, AddedOnesWinAndAreListed) {
    Adapters source({modules});
    auto const* const good = source.find("good").value();
    Adapters adapters({modules / "nothing-here"});

    adapters.add(*good);

    EXPECT_EQ(adapters.names(), std::vector<std::string>{"good"});
    EXPECT_EQ(adapters.find("good").value(), good);
    EXPECT_EQ(adapters.all().value(), std::vector<adapter::Adapter const*>{good});
}

TEST(Adapters, RowsOfLoadedAdaptersAreFoundAfterTheCores) {
    Adapters adapters({modules});

    EXPECT_EQ(adapters.find_error_row("good.odd"), nullptr) << "not loaded yet";
    ASSERT_TRUE(adapters.find("good"));
    ASSERT_NE(adapters.find_error_row("good.odd"), nullptr);
    EXPECT_EQ(adapters.find_error_row("good.odd")->cause, "Odd.");
    EXPECT_EQ(adapters.find_error_row("network.unreachable"),
              find_error_row("network.unreachable"));
    EXPECT_EQ(adapters.find_error_row("no.such"), nullptr);
}

}  // namespace
}  // namespace postrider::core
