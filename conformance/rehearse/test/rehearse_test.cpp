// Jobs of a store on disk, rehearsed: what the answer says of them, and what it leaves alone.
#include <postrider/core/job.hpp>
#include <postrider/core/sqlite_store.hpp>
#include <postrider/rehearse/rehearse.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fmt/format.h>
#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

#include <filesystem>
#include <random>

namespace postrider::rehearse {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;
using namespace std::chrono_literals;
using core::Job;
using core::JobState;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

Instant const monday = *parse_rfc3339("2030-03-04T08:00:00Z");

class Rehearse : public ::testing::Test {
 protected:
    void SetUp() override {
        std::random_device dice;
        folder_ = fs::temp_directory_path() /
                  fmt::format("postrider-rehearse-test-{:08x}{:08x}", dice(), dice());
        fs::create_directories(folder_);
        core::StoreOptions options;
        options.create = true;
        auto opened = core::open_store(folder_ / "store.db", options);
        ASSERT_TRUE(opened) << opened.error().message();
        store_ = *std::move(opened);
        request.store = folder_ / "store.db";
        request.now = monday;
        request.campaigns = {"spring"};
        write([](core::Tables& tables) -> Result<void> {
            core::App app;
            app.id = "app_1";
            app.network = "sandbox";
            app.name = "studio";
            app.client_id = "real";
            app.audited = true;
            return tables.put_app(app);
        });
        for (auto const* name : {"anna", "bert"}) put_account(name);
    }
    void TearDown() override {
        store_.reset();
        std::error_code ignored;
        fs::remove_all(folder_, ignored);
    }

    void write(core::Store::Work const& work) {
        auto const done = store_->write(work);
        ASSERT_TRUE(done) << done.error().message();
    }
    void put_account(std::string const& name, bool paused = false) {
        write([&](core::Tables& tables) -> Result<void> {
            core::Account account;
            account.id = "acc_" + name;
            account.app_id = "app_1";
            account.network = "sandbox";
            account.handle = "@" + name;
            account.name = "sandbox:@" + name;
            account.paused = paused;
            return tables.put_account(account);
        });
    }
    static Job job(std::string const& post, std::string const& name, Instant due) {
        Job made;
        made.id = fmt::format("job_{}_{}", post, name);
        made.app_id = "app_1";
        made.account_id = "acc_" + name;
        made.spec.campaign = "spring";
        made.spec.post_key = post;
        made.spec.network = "sandbox";
        made.spec.account = "sandbox:@" + name;
        made.spec.key = core::idempotency_key("spring", post, made.spec.account);
        made.spec.post.kind = adapter::PostKind::text;
        made.spec.post.caption = "Words of " + post;
        made.spec.due_at = due;
        made.spec.catch_up = "all";
        made.hash = core::job_hash(made.spec);
        made.next_at = due;
        made.created_at = made.updated_at = monday;
        return made;
    }
    void put(Job const& made) {
        write([&](core::Tables& tables) { return tables.insert_job(made); });
    }
    json::object run() {
        auto seen = rehearse(request);
        EXPECT_TRUE(seen) << seen.error().message();
        return seen ? *std::move(seen) : json::object();
    }

    static json::object entry(json::object const& data, std::string_view post) {
        for (auto const& value : data.at("calendar").as_array())
            if (value.at("post").as_string() == post) return value.as_object();
        ADD_FAILURE() << post << " is not in " << json::serialize(data);
        return {};
    }
    /// `post kind` of each clash.
    static std::vector<std::string> clashes(json::object const& data) {
        std::vector<std::string> found;
        for (auto const& value : data.at("clashes").as_array())
            found.push_back(std::string(value.at("post").as_string()) + " " +
                            std::string(value.at("kind").as_string()));
        return found;
    }
    static json::object bucket(json::object const& data, std::string_view name) {
        for (auto const& value : data.at("buckets").as_array())
            if (value.at("bucket").as_string() == name) return value.as_object();
        ADD_FAILURE() << name << " is not in " << json::serialize(data.at("buckets"));
        return {};
    }
    static std::int64_t count(json::object const& data, char const* name) {
        return data.at("counts").at(name).as_int64();
    }

    Request request;
    fs::path folder_;
    std::unique_ptr<core::Store> store_;
};

TEST_F(Rehearse, PostsGoOutAtTheirTimesAndTheStoreStaysAsItIs) {
    put(job("bread", "anna", monday + 1h));
    put(job("market", "bert", monday + 72h));

    auto const data = run();

    EXPECT_THAT(clashes(data), IsEmpty());
    EXPECT_EQ(count(data, "on_time"), 2);
    EXPECT_EQ(count(data, "published"), 2);
    EXPECT_LT(entry(data, "bread").at("delay_ms").as_int64(), 60'000);
    auto const out = parse_rfc3339(entry(data, "market").at("out_at").as_string());
    ASSERT_TRUE(out);
    EXPECT_GE(*out, monday + 72h);
    auto const stored = core::read_now<std::optional<Job>>(
        *store_, [](core::Tables& tables) { return tables.job("job_bread_anna"); });
    ASSERT_TRUE(stored && *stored);
    EXPECT_EQ((*stored)->state, JobState::scheduled);
    EXPECT_EQ((*stored)->attempt, 0);
}

TEST_F(Rehearse, TheSameRequestGivesTheSameAnswerAndAnotherSeedOtherDelays) {
    for (int i = 0; i < 5; ++i) put(job(fmt::format("p{}", i), "anna", monday + 1h));

    auto const once = json::serialize(run());
    auto const again = json::serialize(run());
    request.seed = 2;
    auto const other = json::serialize(run());

    EXPECT_EQ(once, again);
    EXPECT_NE(once, other);
}

// The limit is thirty drafts and publications a minute: two to a post.
TEST_F(Rehearse, AFullLimitDelaysAndIsNamed) {
    for (int i = 0; i < 40; ++i) put(job(fmt::format("p{:02}", i), "anna", monday + 1h));
    request.assume.late_after = 30s;

    auto const data = run();

    EXPECT_EQ(count(data, "published"), 40);
    EXPECT_GE(count(data, "late"), 20);
    EXPECT_EQ(data.at("clashes").at(0).at("kind").as_string(), "late");
    EXPECT_THAT(std::string(data.at("clashes").at(0).at("message").as_string()),
                HasSubstr("a rate limit was full"));
    auto const posts = bucket(data, "posts");
    EXPECT_EQ(posts.at("account").as_string(), "sandbox:@anna");
    EXPECT_EQ(posts.at("peak").as_int64(), 30);
    EXPECT_EQ(posts.at("limit").as_int64(), 30);
    EXPECT_TRUE(posts.at("full_at").is_string());
}

TEST_F(Rehearse, WhatWasUsedBeforeCounts) {
    put(job("bread", "anna", monday));
    write([](core::Tables& tables) -> Result<void> {
        core::BucketState bucket;
        bucket.key = "sandbox/app_1/acc_anna/posts";
        bucket.size = bucket.declared = 30;
        bucket.window = 60s;
        for (int i = 0; i < 30; ++i) bucket.slots.push_back({monday + 45s, ""});
        return tables.put_bucket(bucket);
    });

    auto const data = run();

    EXPECT_EQ(entry(data, "bread").at("reason").as_string(), "rate");
    EXPECT_GE(entry(data, "bread").at("delay_ms").as_int64(), 45'000);
    EXPECT_EQ(bucket(data, "posts").at("used_before").as_int64(), 30);
    EXPECT_EQ(bucket(data, "posts").at("full_at").as_string(), to_rfc3339(monday));
}

TEST_F(Rehearse, AnOutageAndAnEngineThatRestsHoldPostsBack) {
    put(job("bread", "anna", monday + 1h));
    put(job("market", "anna", monday + 24h));
    request.assume.outages = {{monday + 30min, monday + 2h, "sandbox"}};
    request.assume.stopped = {{monday + 23h, monday + 26h, ""}};

    auto const data = run();

    EXPECT_THAT(clashes(data), ElementsAre("bread late", "market late"));
    EXPECT_GE(entry(data, "bread").at("delay_ms").as_int64(), 60 * 60'000);
    EXPECT_EQ(entry(data, "market").at("reason").as_string(), "stopped");
    auto const out = parse_rfc3339(entry(data, "market").at("out_at").as_string());
    ASSERT_TRUE(out);
    EXPECT_GE(*out, monday + 26h);
    EXPECT_LT(*out, monday + 26h + 1min);
}

TEST_F(Rehearse, WhatMissesItsLastMomentIsCancelled) {
    auto made = job("bread", "anna", monday + 1h);
    made.spec.not_after = monday + 90min;
    put(made);
    request.assume.stopped = {{monday + 30min, monday + 3h, ""}};

    auto const data = run();

    EXPECT_THAT(clashes(data), ElementsAre("bread missed"));
    EXPECT_EQ(count(data, "cancelled"), 1);
    EXPECT_EQ(entry(data, "bread").at("code").as_string(), "job.missed");
    EXPECT_TRUE(entry(data, "bread").at("out_at").is_null());
}

TEST_F(Rehearse, APausedAccountLeavesItsPostsOpen) {
    put_account("anna", true);
    put(job("bread", "anna", monday + 1h));
    put(job("market", "bert", monday + 24h));

    auto const data = run();

    EXPECT_THAT(clashes(data), ElementsAre("bread open"));
    EXPECT_EQ(entry(data, "bread").at("reason").as_string(), "paused");
    EXPECT_EQ(entry(data, "bread").at("state").as_string(), "waiting");
}

TEST_F(Rehearse, OtherCampaignsTakePartAndAreMarked) {
    put(job("bread", "anna", monday + 2h));
    auto other = job("autumn", "anna", monday + 1h);
    other.spec.campaign = "another";
    other.spec.key = core::idempotency_key("another", "autumn", "sandbox:@anna");
    put(other);

    auto const data = run();

    EXPECT_FALSE(entry(data, "autumn").at("planned").as_bool());
    EXPECT_EQ(entry(data, "autumn").at("state").as_string(), "published");
    EXPECT_TRUE(entry(data, "bread").at("planned").as_bool());
    EXPECT_EQ(count(data, "posts"), 1);
    EXPECT_EQ(count(data, "others"), 1);
}

TEST_F(Rehearse, WhatHasLeftIsNeitherSentNorJudgedAgain) {
    auto left = job("left", "anna", monday - 1h);
    left.state = JobState::waiting;
    left.waiting = adapter::WaitReason::network;
    left.next_at = left.until = monday + 1s;
    left.committed = true;
    left.intent = core::IntentRecord{};
    left.saved.sealed = {{"box", "sealed by a key that is not here"}};
    put(left);
    auto begun = job("begun", "anna", monday - 1min);
    begun.state = JobState::running;
    begun.lease_owner = "engine-1";
    begun.fence = 3;
    begun.saved.sealed = left.saved.sealed;
    put(begun);

    auto const data = run();

    ASSERT_THAT(data.at("calendar").as_array(), SizeIs(1));
    EXPECT_EQ(entry(data, "begun").at("state").as_string(), "published");
}

TEST_F(Rehearse, UntilEndsItWhereItIs) {
    put(job("bread", "anna", monday + 1h));
    put(job("market", "anna", monday + 48h));
    request.until = monday + 24h;

    auto const data = run();

    EXPECT_EQ(data.at("simulated_until").as_string(), to_rfc3339(monday + 24h));
    EXPECT_THAT(clashes(data), IsEmpty());
    EXPECT_EQ(entry(data, "market").at("state").as_string(), "scheduled");
    EXPECT_EQ(count(data, "open"), 1);
}

TEST_F(Rehearse, ANetworkWithoutAModelIsRefusedByName) {
    auto made = job("bread", "anna", monday + 1h);
    made.spec.network = "elsewhere";
    put(made);

    auto const seen = rehearse(request);

    ASSERT_FALSE(seen);
    EXPECT_EQ(seen.error().code(), "not_found.network");
    EXPECT_THAT(seen.error().message(), HasSubstr("'elsewhere'"));
    EXPECT_THAT(seen.error().message(), HasSubstr("sandbox"));
}

TEST(RehearseRequest, LinesThatAreNoRequestAreRefused) {
    for (std::string const line : {"",
                                   "{",
                                   "[]",
                                   "{}",
                                   R"({"version":2})",
                                   R"({"version":1,"store":7})",
                                   R"({"version":1,"store":"s","now":"today","seed":1})"}) {
        auto const read = request_from_json(line);
        ASSERT_FALSE(read) << line;
        EXPECT_EQ(read.error().code(), "usage.bad_value") << line;
    }
}

TEST(RehearseRequest, AWholeLineIsRead) {
    auto const read = request_from_json(R"({"version":1,"store":"/s.db","now":
        "2030-03-04T08:00:00.000Z","seed":7,"until":null,"campaigns":["spring"],"concurrency":4,
        "assume":{"approval_after_ms":null,"answers":[{"post":"a","account":"","options":{"x":1}}],
        "latency_ms":1,"processing_ms":2,"upload_bytes_per_second":3,"outages":[{"from":
        "2030-03-04T08:00:00Z","to":"2030-03-04T09:00:00Z","network":"n"}],"stopped":[],
        "late_after_ms":4}})");

    ASSERT_TRUE(read) << read.error().message();
    EXPECT_EQ(read->seed, 7U);
    EXPECT_FALSE(read->until);
    EXPECT_THAT(read->campaigns, ElementsAre("spring"));
    EXPECT_FALSE(read->assume.approval_after);
    EXPECT_EQ(read->assume.answers.at(0).post, "a");
    EXPECT_EQ(read->assume.upload_bytes_per_second, 3U);
    EXPECT_EQ(read->assume.outages.at(0).to, monday + 1h);
    EXPECT_EQ(read->assume.late_after, 4ms);
}

}  // namespace
}  // namespace postrider::rehearse
