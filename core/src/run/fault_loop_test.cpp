// The store fails at its k-th operation, for every k that a story has, once and for good. After
// each: nothing lost, nothing doubled, no intent that was not durable before its request, and the
// job goes on once the store is well.
#include <postrider/test/engine_bench.hpp>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <set>
#include <stdexcept>

namespace postrider::core {
namespace {

using namespace std::chrono_literals;
using test::EngineBench;
using test::Failing;
using test::Fault;

template <class T, class F>
T truth(EngineBench& bench, F work) {
    return *read_now<T>(bench.truth(), std::move(work));
}

Job true_job(EngineBench& bench, std::string const& id) {
    return *truth<std::optional<Job>>(bench, [&](Tables& tables) { return tables.job(id); });
}

struct Story {
    std::string name;
    /// Fills the store; gives the jobs that must be published in the end.
    std::function<std::vector<std::string>(EngineBench&)> begin;
    int posts = 1;
    Milliseconds limit = 6h;
    /// What else must hold in the end.
    std::function<void(EngineBench&, std::vector<std::string> const&)> check = {};
    /// How a job may stand in the end although it is not published: what nobody can mend.
    std::function<bool(EngineBench&, Job const&)> excused = {};
};

// Looks at each request that leaves: whose it is must stand in the store, as a claim that holds,
// and, for a commit, as an intent that is armed.
void watch(EngineBench& bench, std::set<std::string>& broken) {
    bench.network().arrives = [&bench, &broken](OutgoingRequest const& request) {
        auto const owner_end = request.holder.find('/');
        auto const fence_at = request.holder.rfind('/');
        if (owner_end == fence_at) return;  // a refresh, or a look for a person
        auto const id = request.holder.substr(owner_end + 1, fence_at - owner_end - 1);
        if (id == "look") return;
        auto const job = true_job(bench, id);
        if (std::to_string(job.fence) != request.holder.substr(fence_at + 1))
            broken.insert(request.url + " left with a fence that is no longer the job's");
        if (job.lease_owner != request.holder.substr(0, owner_end))
            broken.insert(request.url + " left without a claim");
        if (!adapter::is_commit(request.effect)) return;
        if (!job.committed || !job.intent || job.intent->outcome != "armed")
            broken.insert(request.url + " left before its intent was durable");
    };
}

void expect_peace(EngineBench& bench, Story const& story, std::vector<std::string> const& ids) {
    int excused = 0;
    for (auto const& [name, thing] : bench.network().things) EXPECT_LE(thing.published, 1) << name;
    for (auto const& id : ids) {
        auto const job = true_job(bench, id);
        if (story.excused && story.excused(bench, job)) {
            ++excused;
            continue;
        }
        EXPECT_EQ(job.state, JobState::published)
            << word(job.state) << (job.error ? ": " + job.error->message() : "");
        EXPECT_FALSE(job.error);
        EXPECT_FALSE(job.next_at);
    }
    EXPECT_EQ(bench.network().posts(), story.posts - excused);
    EXPECT_TRUE(truth<std::vector<std::string>>(bench, [](Tables& tables) {
                    return tables.lease_owners();
                }).empty());
    auto const buckets =
        truth<std::vector<BucketState>>(bench, [](Tables& tables) { return tables.buckets(); });
    for (auto const& bucket : buckets)
        for (auto const& slot : bucket.slots) EXPECT_EQ(slot.holder, "") << bucket.key;
    if (story.check) story.check(bench, ids);
}

// One run with one failure; false when the story was over before it came to that.
bool run_failing(Story const& story, int nth, Failing how) {
    SCOPED_TRACE(fmt::format("operation {}, {}", nth, how == Failing::once ? "once" : "for good"));
    EngineBench bench;
    std::set<std::string> broken;
    // Quick answers: an engine that waits for one looks at the store every few milliseconds.
    bench.network().round_trip = 20ms;
    bench.network().processing = 100ms;
    auto const ids = story.begin(bench);
    watch(bench, broken);
    bench.faults().fail_operation(nth, how);
    bool ended_by_it = false;
    bool rested = false;
    try {
        rested = bench.run_until_idle(story.limit);
    } catch (std::runtime_error const& failure) {
        ended_by_it = std::string_view(failure.what()).starts_with("setup.store_unreadable");
        EXPECT_TRUE(ended_by_it) << failure.what();
    }
    bool const struck = bench.faults().struck();
    // A store that stays broken ends the engine: it neither spins nor claims to be at rest.
    if (struck && how == Failing::ever_after) {
        EXPECT_TRUE(ended_by_it);
    }
    EXPECT_TRUE(rested || ended_by_it);
    for (auto const& id : ids) EXPECT_NE(true_job(bench, id).state, JobState::rejected);

    bench.faults().heal();
    bench.die();
    EXPECT_TRUE(bench.run_until_idle(story.limit));

    EXPECT_EQ(broken, std::set<std::string>());
    expect_peace(bench, story, ids);
    return struck;
}

class FaultLoop : public testing::TestWithParam<Story> {};

TEST_P(FaultLoop, AStoreThatFailsOnceLosesNothingAndDoublesNothing) {
    int nth = 1;
    while (run_failing(GetParam(), nth, Failing::once) && !HasFailure()) ++nth;
    RecordProperty("operations", nth);
    EXPECT_GT(nth, 20);  // a story that short would tell nothing
}

TEST_P(FaultLoop, AStoreThatFailsForGoodLosesNothingAndDoublesNothing) {
    // Coarser: what differs from a single failure is only that the engine has to end.
    int nth = 1;
    while (run_failing(GetParam(), nth, Failing::ever_after) && !HasFailure()) nth += 3;
    EXPECT_GT(nth, 20);
}

boost::json::object action(std::string_view name, std::string_view key, std::string_view value) {
    boost::json::object object;
    object["action"] = name;
    object[key] = value;
    object["text"] = "{post} is {state}";
    return object;
}

std::vector<std::string> with_hooks(EngineBench& bench) {
    auto const id = bench.add_job("alpha", "ann", "hello");
    bench.change(id, [](Job& job) {
        job.spec.campaign = "spring";
        job.spec.hooks["published"] = boost::json::array{action("notify", "channel", "desk"),
                                                         action("hold", "what", "account"),
                                                         action("hold", "what", "campaign")};
    });
    auto stored = bench.truth().write([](Tables& tables) {
        Campaign campaign;
        campaign.name = "spring";
        return tables.put_campaign(campaign);
    });
    EXPECT_TRUE(stored);
    return {id};
}

void hooks_were_run(EngineBench& bench, std::vector<std::string> const& ids) {
    // What failed at its work is due again later than the engine waits for.
    bench.clock().jump(2h);
    EXPECT_TRUE(bench.run_until_idle(1h));
    auto const runs = truth<std::vector<HookRun>>(
        bench, [&](Tables& tables) { return tables.hook_runs(ids.front()); });
    ASSERT_EQ(runs.size(), 3U);
    for (auto const& run : runs) EXPECT_TRUE(run.done_at) << run.error;
    EXPECT_GE(bench.notices.size(), 1U);  // at least once, and twice only where it was not noted
    EXPECT_LE(bench.notices.size(), 2U);
    EXPECT_TRUE(truth<std::optional<Account>>(bench, [](Tables& tables) {
                    return tables.account("acc_alphaann");
                })->paused);
    EXPECT_TRUE(truth<std::optional<Campaign>>(bench, [](Tables& tables) {
                    return tables.campaign("spring");
                })->paused);
}

// Opened by a process before this one, and its rest is over: the next request is the probe.
std::vector<std::string> with_an_open_circuit(EngineBench& bench) {
    auto const id = bench.add_job("alpha", "ann", "hello");
    auto const now = bench.clock().now();
    for (auto const* key : {"alpha/look", "alpha/account/acc_alphaann"}) {
        auto circuit = open_circuit(key, "made up", now - 10min, CircuitPolicy{});
        auto stored =
            bench.truth().write([&](Tables& tables) { return tables.put_circuit(circuit); });
        EXPECT_TRUE(stored);
    }
    return {id};
}

// Late, and its campaign wants a person to decide: the question is opened with the state.
std::vector<std::string> late_under_a_plan(EngineBench& bench) {
    auto const id = bench.add_job("alpha", "ann", "hello");
    PlannedJob planned;
    planned.spec = true_job(bench, id).spec;
    planned.spec.catch_up = "ask";
    planned.hash = job_hash(planned.spec);
    Plan plan;
    plan.id = "pln_1";
    plan.jobs = {planned};
    plan.hash = plan_hash(plan.jobs);
    StoredPlan stored;
    stored.id = plan.id;
    stored.hash = plan.hash;
    stored.state = "applied";
    stored.body = to_json(plan);
    EXPECT_TRUE(bench.truth().write([&](Tables& tables) { return tables.put_plan(stored); }));
    bench.change(id, [&](Job& job) {
        job.spec = planned.spec;
        job.hash = planned.hash;
        job.plan_id = plan.id;
    });
    bench.clock().jump(2h);
    return {id};
}

void one_question_is_open(EngineBench& bench, std::vector<std::string> const& ids) {
    auto const open = truth<std::vector<Approval>>(
        bench, [](Tables& tables) { return tables.approvals("pln_1", "pending"); });
    ASSERT_EQ(open.size(), 1U);
    EXPECT_EQ(true_job(bench, ids.front()).approval_id, open[0].id);
    EXPECT_TRUE(bench.network().log().empty());
}

std::vector<Story> stories() {
    auto const one = [](std::string network, std::string step = {}, Fault fault = {}) {
        return [=](EngineBench& bench) {
            if (!step.empty()) bench.network().fault(step, 1, fault);
            return std::vector{bench.add_job(network, "ann", "hello")};
        };
    };
    auto const late = [](std::string catch_up) {
        return [=](EngineBench& bench) {
            auto const first = bench.add_job("alpha", "ann", "first");
            auto const second = bench.add_job("alpha", "ann", "second", 10min);
            for (auto const& id : {first, second})
                bench.change(id, [&](Job& job) {
                    job.spec.catch_up = catch_up;
                    job.spec.catch_up_spacing = 10s;
                });
            bench.clock().jump(1h);
            auto ids = std::vector{second};
            if (catch_up == "all") ids.push_back(first);
            return ids;
        };
    };
    std::vector<Story> all;
    all.push_back({"ByHandle", one("alpha")});
    all.push_back({"LostCommitByHandle", one("alpha", "publish", Fault::lost_after)});
    all.push_back({"CommitThatNeverArrived", one("alpha", "publish", Fault::lost_before)});
    all.push_back({"LostPrepare", one("alpha", "create", Fault::lost_after)});
    all.push_back({"TooMany", one("alpha", "create", Fault::too_many)});
    // A process that ends while a blind commit is on its way leaves it in doubt, for a person.
    auto const in_doubt = [](EngineBench& bench, Job const& job) {
        return job.state == JobState::unknown && job.committed && bench.network().posts() == 0 &&
               bench.network().calls("send") <= 1;
    };
    // Nor can a token be had back that the network has given and that could not be written down.
    auto const unwritten_token = [](EngineBench& bench, Job const& job) {
        return job.waiting == adapter::WaitReason::account && bench.network().refreshes == 1 &&
               !job.committed;
    };
    all.push_back({"Blind", one("beta"), 1, 6h, {}, in_doubt});
    all.push_back({"LostBlindCommit", one("beta", "send", Fault::lost_after), 1, 6h, {}, in_doubt});
    all.push_back({"Refresh",
                   [](EngineBench& bench) {
                       auto const id = bench.add_job("alpha", "ann", "hello", 3h);
                       bench.clock().jump(3h);
                       return std::vector{id};
                   },
                   1,
                   6h,
                   {},
                   unwritten_token});
    all.push_back({"RefreshAhead",
                   [](EngineBench& bench) {
                       auto const id = bench.add_job("alpha", "ann", "hello", 3h);
                       bench.clock().jump(2h + 59min);
                       return std::vector{id};
                   },
                   1,
                   6h,
                   {},
                   unwritten_token});
    all.push_back({"AfterADeath", [](EngineBench& bench) {
                       auto const id = bench.add_job("alpha", "ann", "hello");
                       bench.run_and_kill(50ms);
                       return std::vector{id};
                   }});
    all.push_back({"AfterADeathInACommit",
                   [](EngineBench& bench) {
                       auto const id = bench.add_job("beta", "ann", "hello");
                       bench.run_and_kill(15ms);
                       return std::vector{id};
                   },
                   1,
                   6h,
                   {},
                   {}});
    all.push_back({"LateOnes", late("all"), 2});
    all.push_back({"OnlyTheLatest", late("latest"), 1});
    all.push_back(
        {"AQuestionOfItsPlan",
         late_under_a_plan,
         1,
         6h,
         one_question_is_open,
         [](EngineBench&, Job const& job) { return job.state == JobState::awaiting_approval; }});
    all.push_back({"Hooks", with_hooks, 1, 6h, hooks_were_run});
    all.push_back({"OpenCircuits", with_an_open_circuit});
    return all;
}

INSTANTIATE_TEST_SUITE_P(Stories, FaultLoop, testing::ValuesIn(stories()), [](auto const& tested) {
    return tested.param.name;
});

}  // namespace
}  // namespace postrider::core
