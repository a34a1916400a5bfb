// The tests' own test: each bug that can be planted into the engine breaks a promise that holds
// without it.
#include <postrider/core/mutant.hpp>
#include <postrider/test/engine_bench.hpp>

#include <gtest/gtest.h>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include <algorithm>
#include <stdexcept>

#ifdef POSTRIDER_MUTANTS

namespace postrider::core {
namespace {

using namespace std::chrono_literals;
using test::EngineBench;
using test::Fault;

struct Promise {
    char const* bug;
    std::function<bool()> kept;
};

void one_job_is_published(EngineBench& bench, std::string const& id, bool& kept) {
    kept = kept && bench.job(id).state == JobState::published && bench.network().posts() == 1;
}

std::vector<BucketState> buckets_of(EngineBench& bench) {
    return *read_now<std::vector<BucketState>>(bench.truth(),
                                               [](Tables& tables) { return tables.buckets(); });
}

Account account_of(EngineBench& bench, std::string const& id) {
    return **read_now<std::optional<Account>>(bench.truth(),
                                              [&](Tables& tables) { return tables.account(id); });
}

// What stands in the store when a request arrives.
bool at_arrival(std::string const& step, std::function<bool(Job const&)> const& holds) {
    EngineBench bench;
    auto const id = bench.add_job("alpha", "ann", "hello");
    bool kept = true;
    bench.network().arrives = [&](OutgoingRequest const& request) {
        if (request.url.find("/" + step) != std::string::npos) kept = kept && holds(bench.job(id));
    };
    bench.run_until_idle();
    one_job_is_published(bench, id, kept);
    return kept;
}

bool intent_is_durable_first() {
    return at_arrival("publish", [](Job const& job) {
        return job.committed && job.intent && job.intent->outcome == "armed";
    });
}

bool handle_is_durable_before_it_is_used() {
    return at_arrival("put", [](Job const& job) { return job.saved.open.contains("id"); });
}

bool an_answer_and_its_handle_are_one_write() {
    EngineBench bench;
    auto const id = bench.add_job("alpha", "ann", "hello");
    bench.network().arrives = [&](OutgoingRequest const& request) {
        if (request.url.find("/publish") != std::string::npos) bench.fail_write(2);
    };
    try {
        bench.run_until_idle();
    } catch (std::runtime_error const&) {
    }
    auto const job = bench.job(id);
    return job.intent &&
           (job.intent->outcome != "confirmed" || job.saved.open.at("phase").as_string() == "sent");
}

bool a_failed_write_frees_the_claim() {
    EngineBench bench;
    auto const id = bench.add_job("alpha", "ann", "hello");
    bench.fail_write(3);
    bool kept = false;
    try {
        kept = bench.run_until_idle();
    } catch (std::runtime_error const&) {
        bench.die();
        kept = bench.run_until_idle();
    }
    one_job_is_published(bench, id, kept);
    return kept;
}

bool late_posts_do_not_flood() {
    EngineBench bench;
    for (int i = 0; i < 8; ++i) bench.add_job("alpha", "ann", "p" + std::to_string(i));
    bench.clock().jump(48h);
    bench.run_until_idle(50min);
    return bench.network().posts() == 4;
}

bool the_living_keep_what_they_hold() {
    EngineBench bench;
    auto const id = bench.add_job("beta", "ben", "hello");
    bench.change(id, [](Job& job) { job.lease_owner = "alive"; });
    auto const other = bench.neighbour("other", [](std::string const&) { return false; });
    bench.add_job("beta", "eve", "hers");
    auto running = [](Engine* engine) -> boost::asio::awaitable<void> {
        (void)co_await engine->run({});
    };
    auto task = running(other.get());
    boost::asio::co_spawn(bench.loop(), std::move(task), boost::asio::detached);
    bench.clock().run_until([] { return false; }, 30s);
    bool const kept = bench.job(id).lease_owner == "alive" && bench.network().posts() == 1;
    bench.die();
    return kept;
}

bool the_dead_are_rescued() {
    EngineBench bench;
    auto const id = bench.add_job("alpha", "ann", "hello");
    bench.run_and_kill(500ms);
    bool kept = bench.run_until_idle();
    one_job_is_published(bench, id, kept);
    return kept;
}

bool permits_of_the_dead_come_free() {
    EngineBench bench;
    bench.add_job("alpha", "ann", "hello");
    bench.run_and_kill(500ms);
    if (bench.network().calls("create") != 1) return false;
    bench.run_until_idle(15s);
    for (auto const& bucket : buckets_of(bench))
        for (auto const& slot : bucket.slots)
            if (!slot.holder.empty()) return false;
    return bench.network().calls("create") == 2;
}

bool a_lost_request_has_counted() {
    EngineBench bench;
    bench.add_job("alpha", "ann", "hello");
    bench.network().fault("create", 1, Fault::lost_after);
    bench.run_and_kill(800ms);  // asked at 300 ms, lost at 600 ms
    if (bench.network().calls("create") != 1) return false;
    auto const buckets = buckets_of(bench);
    return buckets.size() == 1 && !buckets[0].slots.empty();
}

bool a_permit_is_free_a_window_later() {
    EngineBench bench;
    bench.network().processing = 0ms;
    for (int i = 0; i < 8; ++i) bench.add_job("alpha", "ann", "p" + std::to_string(i));
    bench.run_until_idle(2h);
    std::vector<Instant> creates;
    for (auto const& call : bench.network().log())
        if (call.step == "create") creates.push_back(call.at);
    return creates.size() == 8 && creates[6] - creates[0] >= 60s;
}

bool a_lost_commit_is_not_made_anew() {
    EngineBench bench;
    auto const id = bench.add_job("alpha", "ann", "hello");
    bench.network().fault("publish", 1, Fault::lost_after);
    bool kept = bench.run_until_idle();
    one_job_is_published(bench, id, kept);
    return kept;
}

bool doubt_is_looked_at_for_days() {
    EngineBench bench;
    auto const id = bench.add_job("beta", "ben", "hello");
    bench.network().fault("send", 1, Fault::lost_before);
    bench.run_until_idle(2h);
    return bench.job(id).state == JobState::unknown && bench.job(id).next_at.has_value();
}

bool a_failing_store_rejects_nothing() {
    for (int nth = 1; nth <= 60; ++nth) {
        EngineBench bench;
        bench.network().round_trip = 20ms;
        auto const id = bench.add_job("alpha", "ann", "hello");
        bench.faults().fail_operation(nth);
        try {
            bench.run_until_idle();
        } catch (std::runtime_error const&) {
        }
        bench.faults().heal();
        if (bench.job(id).state == JobState::rejected) return false;
    }
    return true;
}

bool one_process_refreshes_a_token() {
    EngineBench bench;
    bench.add_job("alpha", "ann", "hello", 3h);
    bench.clock().jump(2h + 55min);
    std::vector<std::unique_ptr<Engine>> engines;
    auto running = [](Engine* engine) -> boost::asio::awaitable<void> {
        (void)co_await engine->run({});
    };
    for (auto const* name : {"one", "other"}) {
        engines.push_back(bench.neighbour(name, [](std::string const&) { return false; }));
        auto task = running(engines.back().get());
        boost::asio::co_spawn(bench.loop(), std::move(task), boost::asio::detached);
    }
    bench.clock().run_until([] { return false; }, 20s);
    bool const kept = bench.network().calls("token") == 1 && bench.network().refreshes == 1;
    bench.die();
    return kept;
}

// One process has stood still since the network replaced the pair, with the new one in hand.
bool who_stands_still_keeps_the_account() {
    EngineBench bench;
    bench.add_job("alpha", "ann", "hello", 3h);
    bench.clock().jump(3h);
    bench.network().fault("token", 1, Fault::held);
    std::vector<std::unique_ptr<Engine>> engines;
    auto looking = [](Engine* engine) -> boost::asio::awaitable<void> {
        (void)co_await engine->look_at_creator("acc_alphaann");
    };
    for (auto const* name : {"one", "other"}) {
        engines.push_back(bench.neighbour(name, [](std::string const&) { return false; }));
        auto task = looking(engines.back().get());
        boost::asio::co_spawn(bench.loop(), std::move(task), boost::asio::detached);
    }
    bench.clock().run_until([] { return false; }, 5min);
    bool const kept =
        bench.network().calls("token") == 2 && !account_of(bench, "acc_alphaann").reconnect_needed;
    bench.die();
    return kept;
}

bool a_commit_without_an_answer_is_not_forgotten() {
    EngineBench bench;
    auto const id = bench.add_job("beta", "ben", "hello");
    bench.run_and_kill(200ms);
    if (bench.network().posts() != 1) return false;
    bool kept = bench.run_until_idle();
    one_job_is_published(bench, id, kept);
    return kept;
}

bool a_wait_has_an_end() {
    EngineBench bench;
    auto const id = bench.add_job("alpha", "ann", "hello");
    bench.network().fault("create", 1, Fault::too_many);
    bool kept = bench.run_until_idle();
    one_job_is_published(bench, id, kept);
    return kept;
}

class PlantedBug : public testing::TestWithParam<Promise> {
 protected:
    ~PlantedBug() override { plant_mutant({}); }
};

TEST_P(PlantedBug, BreaksAPromiseThatHoldsWithoutIt) {
    auto const known = mutant_names();
    ASSERT_NE(std::find(known.begin(), known.end(), GetParam().bug), known.end());
    EXPECT_TRUE(GetParam().kept());
    plant_mutant(GetParam().bug);
    EXPECT_FALSE(GetParam().kept());
}

INSTANTIATE_TEST_SUITE_P(
    Each,
    PlantedBug,
    testing::Values(Promise{"answer_before_handle", an_answer_and_its_handle_are_one_write},
                    Promise{"claim_kept", a_failed_write_frees_the_claim},
                    Promise{"handle_not_saved", handle_is_durable_before_it_is_used},
                    Promise{"intent_after_send", intent_is_durable_first},
                    Promise{"late_burst_ignored", late_posts_do_not_flood},
                    Promise{"live_owner_rescued", the_living_keep_what_they_hold},
                    Promise{"looking_ends_early", doubt_is_looked_at_for_days},
                    Promise{"lost_commit_restarted", a_lost_commit_is_not_made_anew},
                    Promise{"nobody_rescues", the_dead_are_rescued},
                    Promise{"permits_of_the_dead_kept", permits_of_the_dead_come_free},
                    Promise{"refund_on_no_reply", a_lost_request_has_counted},
                    Promise{"slots_freed_early", a_permit_is_free_a_window_later},
                    Promise{"stopped_holder_forgotten", who_stands_still_keeps_the_account},
                    Promise{"store_error_decides", a_failing_store_rejects_nothing},
                    Promise{"two_refreshers", one_process_refreshes_a_token},
                    Promise{"unknown_retried", a_commit_without_an_answer_is_not_forgotten},
                    Promise{"wait_without_end", a_wait_has_an_end}),
    [](auto const& tested) { return std::string(tested.param.bug); });

}  // namespace
}  // namespace postrider::core

#endif
