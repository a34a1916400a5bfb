// The kit's program against a server that runs already.
#include <postrider/test/process.hpp>

#include <gtest/gtest.h>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>

namespace postrider::conformance {
namespace {

namespace json = boost::json;

std::string const programs = std::string(POSTRIDER_BUILD_DIR) + "/libexec/postrider/";

class Address : public testing::Test {
 protected:
    void SetUp() override {
        auto const line = server.read_line();
        test::write_file(login, line + "\n");
        address = json::parse(line).at("listening").as_string().c_str();
    }

    test::Outcome run(std::string const& target, std::vector<std::string> const& more = {}) const {
        std::vector<std::string> words{programs + "postrider-conformance",
                                       target,
                                       "--network",
                                       "sandbox",
                                       "--login",
                                       login.string(),
                                       "--json"};
        words.insert(words.end(), more.begin(), more.end());
        return test::run_program(words);
    }

    static std::string verdict(json::object const& report, std::string_view name) {
        for (auto const& one : report.at("cases").as_array())
            if (one.at("name").as_string() == name)
                return std::string(one.at("verdict").as_string());
        return "not there";
    }

    test::TempFolder folder;
    std::filesystem::path login = folder / "emulator.json";
    test::Background server{{programs + "postrider-emulator-sandbox"}};
    std::string address;
};

TEST_F(Address, PublishesOnceOfEachKindAndSaysWhatItSkips) {
    auto const first = run(address, {"--only", "text"});
    ASSERT_EQ(first.exit, 0) << first.out << first.err;
    // What is there already is nobody's fault.
    auto const again = run(address);
    ASSERT_EQ(again.exit, 0) << again.out << again.err;

    auto const report = json::parse(again.out).as_object();
    EXPECT_EQ(verdict(report, "happy/text"), "passed");
    EXPECT_EQ(verdict(report, "receipt/ids/text"), "passed");
    EXPECT_EQ(verdict(report, "facts/creator"), "passed");
    for (auto const* family : {"faults", "effects", "token", "reconcile", "receipt/long_ids"})
        EXPECT_EQ(verdict(report, family), "skipped") << family;
}

TEST_F(Address, NothingIsSentToAnotherMachineUnlessAPersonSaysSo) {
    auto const refused = run("http://192.0.2.1:80");
    EXPECT_EQ(refused.exit, 2);
    EXPECT_NE(refused.err.find("--allow-remote"), std::string::npos) << refused.err;

    // Nor to one that the login names.
    auto text = test::read_file(login);
    auto const at = text.find("\"api_base\":\"" + address);
    ASSERT_NE(at, std::string::npos);
    text.replace(at, 12 + address.size(), "\"api_base\":\"http://192.0.2.1:80");
    test::write_file(login, text);
    EXPECT_EQ(run(address, {"--only", "happy/text"}).exit, 0);
}

TEST_F(Address, AServerThatIsNotThereFails) {
    server.signal(9);
    server.wait();

    auto const gone = run(address);

    EXPECT_EQ(gone.exit, 15);
    EXPECT_EQ(verdict(json::parse(gone.out).as_object(), "network"), "failed");
    EXPECT_NE(gone.out.find("nothing answers at " + address), std::string::npos) << gone.out;
}

}  // namespace
}  // namespace postrider::conformance
