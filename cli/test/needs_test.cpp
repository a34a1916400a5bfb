// What is in trouble shows where people look: status, the job, the account.
#include "test/studio.hpp"

#include <postrider/core/ids.hpp>
#include <postrider/core/sqlite_store.hpp>

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

#include <chrono>

namespace postrider::cli::test {

namespace json = boost::json;
using namespace std::chrono_literals;

class Needs : public Studio {
 protected:
    void write_store(std::function<Result<void>(core::Tables&)> const& work) {
        auto store = core::open_store(folder / "store.db", {});
        ASSERT_TRUE(store);
        ASSERT_TRUE((*store)->write(work));
    }

    static Instant now() {
        return std::chrono::time_point_cast<Milliseconds>(std::chrono::system_clock::now());
    }

    static json::array needs(Ran const& status, std::string_view what) {
        json::array found;
        for (auto const& need : status.data().at("needs_you").as_array())
            if (need.at("what").as_string() == what) found.push_back(need);
        return found;
    }
};

TEST_F(Needs, StatusNamesWhatIsLeftAloneAndUntilWhen) {
    set_up_accounts();
    std::string const id(good({"account", "show", "sandbox:@anna"}).data().at("id").as_string());
    auto const until = now() + 10min;
    write_store([&](core::Tables& tables) -> Result<void> {
        auto policy = core::CircuitPolicy{};
        auto group = core::open_circuit("sandbox/post", "12 of 20 requests failed", now(), policy);
        group.until = until;
        auto account =
            core::open_circuit("sandbox/account/" + id, "5 refusals in a row", now(), policy);
        if (auto put = tables.put_circuit(group); !put) return put;
        return tables.put_circuit(account);
    });

    auto const status = good({"status"});

    auto const& circuits = status.data().at("circuits").as_array();
    ASSERT_EQ(circuits.size(), 2U);
    EXPECT_EQ(circuits[0].at("account").as_string(), "sandbox:@anna");
    EXPECT_TRUE(circuits[0].at("endpoint").is_null());
    EXPECT_EQ(circuits[1].at("network").as_string(), "sandbox");
    EXPECT_EQ(circuits[1].at("endpoint").as_string(), "post");
    EXPECT_EQ(circuits[1].at("until").as_string(), to_rfc3339(until));
    auto const told = needs(status, "circuit");
    ASSERT_EQ(told.size(), 2U);
    EXPECT_EQ(told[1].at("subject").as_string(), "sandbox/post");
    EXPECT_NE(std::string(told[1].at("sentence").as_string()).find("until " + to_rfc3339(until)),
              std::string::npos);

    EXPECT_EQ(
        good({"account", "show", "sandbox:@anna"}).data().at("circuit").at("phase").as_string(),
        "open");
    EXPECT_TRUE(good({"account", "show", "sandbox:@bert"}).data().at("circuit").is_null());
}

TEST_F(Needs, AFailedHookIsNamedUntilItSucceeds) {
    set_up_accounts();
    auto const plan = good({"campaign", "plan", campaign()});
    auto const applied = good({"campaign", "apply", "spring.lua", "--hash", hash_of(plan)});
    std::string const job(applied.data().at("jobs").at(0).at("id").as_string());
    core::HookRun run;
    run.job_id = job;
    run.state = "published";
    run.action = {{"action", "notify"}, {"channel", "desk"}, {"text", "out"}};
    run.raised_at = now();
    run.attempts = 3;
    run.error = "hook.channel_failed: no space";
    write_store([&](core::Tables& tables) { return tables.add_hook_run(run); });

    auto const told = needs(good({"status"}), "hook");
    ASSERT_EQ(told.size(), 1U);
    EXPECT_EQ(told[0].at("subject").as_string(), job);
    EXPECT_EQ(told[0].at("sentence").as_string(),
              "notify on published failed 3 times, given up: hook.channel_failed: no space");
    auto const shown = good({"job", "show", job, "--timeline"});
    auto const& hooks = shown.data().at("hooks").as_array();
    ASSERT_EQ(hooks.size(), 1U);
    EXPECT_EQ(hooks[0].at("error").as_string(), run.error);
    EXPECT_FALSE(good({"job", "show", job}).data().contains("hooks"));

    write_store([&](core::Tables& tables) -> Result<void> {
        auto runs = tables.hook_runs(job);
        if (!runs) return runs.error();
        runs->front().done_at = now();
        return tables.put_hook_run(runs->front());
    });
    EXPECT_TRUE(needs(good({"status"}), "hook").empty());
}

}  // namespace postrider::cli::test
