// Care of the store and of the settings.
#include "test/studio.hpp"

#include <boost/json/array.hpp>

#include <fstream>
#include <iterator>

namespace postrider::cli::test {

namespace {

std::string text_of(std::filesystem::path const& file) {
    std::ifstream stream(file);
    return std::string(std::istreambuf_iterator<char>(stream), {});
}

}  // namespace

class Care : public Studio {};

TEST_F(Care, ABackupIsAStoreOfItsOwn) {
    set_up_accounts();

    auto const made = good({"store", "backup", "--to", "copy.db"});

    EXPECT_EQ(made.data().at("path").as_string(), (folder / "copy.db").string());
    EXPECT_EQ(static_cast<std::uintmax_t>(made.data().at("bytes").to_number<std::uint64_t>()),
              std::filesystem::file_size(folder / "copy.db"));
    EXPECT_TRUE(made.data().at("sha256").as_string().starts_with("sha256:"));
    auto const accounts = good({"account", "list", "--store", "copy.db"});
    EXPECT_EQ(accounts.data().at("items").as_array().size(), 2U);
    EXPECT_EQ(run({"store", "backup", "--to", "copy.db"}).code(), "conflict.file_exists");
    EXPECT_EQ(run({"store", "backup", "--to", "no/such/folder/copy.db"}).code(),
              "setup.file_unwritable");
    EXPECT_EQ(run({"store", "backup", "--to", "x.db", "--store", "none.db"}).code(),
              "setup.not_initialised");
    EXPECT_FALSE(std::filesystem::exists(folder / "x.db"));
}

TEST_F(Care, MigratingAStoreThatIsUpToDateChangesNothing) {
    set_up_accounts();

    auto const migrated = good({"store", "migrate"});

    EXPECT_EQ(migrated.data().at("from"), migrated.data().at("to"));
    EXPECT_EQ(run({"store", "migrate", "--store", "none.db"}).code(), "setup.not_initialised");
    write("text.db", "this is no store, whatever its name says");
    EXPECT_EQ(run({"store", "migrate", "--store", "text.db"}).code(), "setup.store_unreadable");
}

TEST_F(Care, ASettingIsWrittenWhereItStandsAndTheRestStays) {
    auto const file = folder / "postrider.toml";
    write("postrider.toml",
          "# Ours.\noutput = \"auto\"  # for the desk\n\n[script]\njobs = 10 # few\n\n"
          "# Müller's folder\n[paths]\nmedia = [\"films\"]\n");

    auto const set = good({"config", "set", "output", "json"});
    EXPECT_EQ(set.data().at("file").as_string(), file.string());
    EXPECT_TRUE(set.data().at("in_force").as_bool());
    good({"config", "set", "script.jobs", "200"});
    good({"config", "set", "script.instructions", "5000"});
    good({"config", "set", "engine.concurrency", "4"});
    good({"config", "set", "timeout", "5m"});
    good({"config", "set", "paths.media", "films:stills"});

    EXPECT_EQ(
        text_of(file),
        "# Ours.\noutput = \"json\"  # for the desk\ntimeout = \"5m\"\n\n[script]\njobs = 200 # "
        "few\n"
        "instructions = 5000\n\n# Müller's folder\n[paths]\nmedia = [\"films\", \"stills\"]\n\n"
        "[engine]\nconcurrency = 4\n");
    EXPECT_FALSE(good({"config", "set", "timeout", "5m"}).data().at("changed").as_bool());
    auto const got = good({"config", "get", "timeout", "--show-origin"});
    EXPECT_EQ(got.data().at("origin").as_string(), file.string());
    EXPECT_FALSE(good({"config", "get", "timeout"}).data().contains("origin"));
}

TEST_F(Care, ASettingThatIsWrongIsNotWritten) {
    auto const unknown = run({"config", "set", "engine.concurency", "4"});
    EXPECT_EQ(unknown.exit, 2);
    EXPECT_NE(unknown.out.find("did you mean 'engine.concurrency'"), std::string::npos);
    EXPECT_EQ(run({"config", "set", "timeout", "soon"}).exit, 2);
    EXPECT_EQ(run({"config", "set", "output", "xml"}).exit, 2);
    EXPECT_EQ(run({"config", "set", "script.jobs", "0"}).exit, 2);
    EXPECT_FALSE(std::filesystem::exists(folder / ".config"));
    EXPECT_FALSE(std::filesystem::exists(folder / "postrider.toml"));
}

TEST_F(Care, WithoutAProjectFileTheUsersIsMadeAndAStrongerOneIsTold) {
    auto const first = good({"config", "set", "timeout", "5m"});
    auto const file = folder / ".config" / "postrider" / "config.toml";
    EXPECT_EQ(text_of(file), "timeout = \"5m\"\n");
    EXPECT_EQ(first.data().at("file").as_string(), file.string());

    environment["POSTRIDER_TIMEOUT"] = "1m";
    auto const second = good({"config", "set", "timeout", "10m"});

    EXPECT_FALSE(second.data().at("in_force").as_bool());
    EXPECT_EQ(second.data().at("origin").as_string(), "environment POSTRIDER_TIMEOUT");
    EXPECT_EQ(good({"config", "set", "channels.desk", "desk.ndjson", "--in", "project"})
                  .data()
                  .at("value")
                  .as_string(),
              (folder / "desk.ndjson").string());
}

TEST_F(Care, AnAddressOfAnotherSignInIsNotTaken) {
    good({"init", "--person", "ines", "--passphrase-stdin"}, "correct horse\n");
    good({"app",
          "add",
          "sandbox",
          "studio",
          "--key",
          "k1",
          "--redirect",
          "https://example.com/back",
          "--secret-stdin"},
         "s3cret\n");
    at_terminal = true;

    auto const ran = run({"account", "connect", "sandbox", "--no-browser"},
                         "https://example.com/back?code=c1&state=of-somebody-else\n");

    EXPECT_EQ(ran.exit, 2);
    EXPECT_NE(ran.err.find("/oauth/authorize?client_id=k1&response_type=code"), std::string::npos)
        << ran.err;
    EXPECT_NE(ran.err.find("code_challenge_method=S256"), std::string::npos) << ran.err;
    EXPECT_TRUE(memory.effects.empty());
}

TEST_F(Care, EveryDeclaredLimitIsListedAlsoWhenItWasNeverUsed) {
    set_up_accounts();

    auto const limits = good({"bucket", "list", "--limit", "100"});

    auto const& items = limits.data().at("items").as_array();
    ASSERT_FALSE(items.empty());
    for (auto const& item : items) {
        EXPECT_EQ(item.at("source").as_string(), "declared");
        EXPECT_EQ(item.at("app").as_string(), "studio");
        EXPECT_EQ(item.at("free").as_int64() + item.at("used").as_int64() +
                      item.at("reserved").as_int64(),
                  item.at("limit").as_int64());
    }
    auto const of_anna = good({"bucket", "list", "--account", "sandbox:@anna"});
    for (auto const& item : of_anna.data().at("items").as_array())
        EXPECT_TRUE(item.at("account").is_null() ||
                    item.at("account").as_string() == "sandbox:@anna");
    EXPECT_LT(of_anna.data().at("items").as_array().size(), items.size());
}

}  // namespace postrider::cli::test
