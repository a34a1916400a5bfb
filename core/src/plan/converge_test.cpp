// Random edits to a campaign while its jobs move on: applying converges, and nothing that was
// published is made again.
#include "plan/plan_fixture.hpp"

#include <map>
#include <set>

namespace postrider::core {
namespace {

class Converge : public PlanTest, public testing::WithParamInterface<int> {
 protected:
    std::size_t pick(std::size_t bound) { return static_cast<std::size_t>(dice.below(bound)); }

    JobSpec random_spec(std::string const& key, std::string const& account) {
        auto made = pick(3) == 0 ? asking(key, account) : spec(key, account);
        if (pick(3) == 0) made.approval = pick(2) == 0 ? "post" : "account";
        made.post.caption = "text " + std::to_string(pick(3));
        made.asap = pick(5) == 0;
        if (made.asap) made.wall.clear();
        return made;
    }

    void edit(std::map<std::string, JobSpec>& wanted) {
        for (auto count = pick(4); count > 0; --count) {
            auto const key = "p" + std::to_string(pick(6));
            std::string const account = pick(2) == 0 ? "small:@ada" : "small:@bob";
            if (pick(4) == 0)
                wanted.erase(key + account);
            else
                wanted[key + account] = random_spec(key, account);
        }
    }

    // What the engine and people do between two plans, by the table of moves only.
    void live() {
        std::vector<std::string> ids;
        for (auto const& [id, job] : tables.rows.jobs) ids.push_back(id);
        for (auto const& id : ids) {
            auto job = tables.rows.jobs.at(id);
            switch (pick(8)) {
                case 0:
                    if (may_become(job.state, JobState::running)) {
                        job.state = JobState::running;
                        job.waiting.reset();
                        job.lease_owner = "host/1";
                        ++job.fence;
                        job.next_at.reset();
                        ASSERT_TRUE(tables.update_job(job));
                    }
                    break;
                case 1:
                    if (job.state == JobState::running) leave_running(job);
                    break;
                case 2:
                    if (job.state == JobState::awaiting_approval) decide(job);
                    break;
                case 3:
                    if (pick(3) == 0) (void)cancel_job(tables, id, "", now);
                    break;
                case 4:
                    if (pick(3) == 0) (void)revive_job(tables, id, "", now);
                    break;
                default:
                    break;
            }
        }
    }

    void leave_running(Job job) {
        JobState const ends[] = {JobState::published, JobState::unknown, JobState::rejected};
        job.state = ends[pick(3)];
        job.lease_owner.clear();
        job.committed = job.state != JobState::rejected;
        job.revivable = job.state == JobState::rejected && pick(2) == 0;
        if (job.state == JobState::rejected) job.error = make_error("job.budget_spent");
        // Nothing leaves without a yes that covers exactly this.
        ASSERT_TRUE(*is_approved(tables, job)) << job.spec.key;
        ASSERT_TRUE(tables.update_job(job));
    }

    void decide(Job const& job) {
        auto found = tables.approval(job.approval_id);
        if (!*found || (*found)->state != "pending") {
            (void)request_approval(tables, job.plan_id, "", now, random);
            return;
        }
        boost::json::object answers;
        for (auto const& entry : (*found)->body.at("asks").get_object())
            answers[entry.key()] = {{"privacy", "self"}};
        auto const granted =
            pick(4) == 0 ? decline_approval(tables, job.approval_id, yes(), now)
                         : grant_approval(tables, job.approval_id, yes(answers), now, random);
        ASSERT_TRUE(granted) << granted.error().code() << ": " << granted.error().message();
    }

    SeededRandom dice{static_cast<std::uint64_t>(GetParam())};
};

TEST_P(Converge, ApplyingLeavesNothingToDoAndPublishedStaysAsItIs) {
    std::map<std::string, JobSpec> wanted;
    std::map<std::string, std::string> out;  // published or unknown: key -> all of it
    auto const list = [&] {
        std::vector<JobSpec> specs;
        for (auto const& entry : wanted) specs.push_back(entry.second);
        return specs;
    };

    for (int round = 0; round < 12; ++round) {
        edit(wanted);
        now += Milliseconds{60'000};
        auto const made = plan(list());
        ASSERT_TRUE(made) << made.error().message();
        ASSERT_TRUE(made->errors().empty()) << made->errors().front().message;
        if (HasFatalFailure()) return;
        auto const applied = apply(*made);
        ASSERT_TRUE(applied) << applied.error().message();

        auto const again = plan(list());
        ASSERT_TRUE(again);
        EXPECT_EQ(again->hash, plan_hash({})) << boost::json::serialize(to_json(*again));
        EXPECT_TRUE(apply(*made)->replayed);

        for (auto const& [key, was] : out) {
            auto const id = tables.rows.job_ids_by_key.at(key);
            EXPECT_EQ(boost::json::serialize(to_json(tables.rows.jobs.at(id).spec)), was) << key;
        }
        live();
        if (HasFatalFailure()) return;
        for (auto const& [id, job] : tables.rows.jobs)
            if (job.state == JobState::published || job.state == JobState::unknown)
                out.emplace(job.spec.key, boost::json::serialize(to_json(job.spec)));
    }
    std::set<std::string> keys;
    for (auto const& [id, job] : tables.rows.jobs) EXPECT_TRUE(keys.insert(job.spec.key).second);
    for (auto const& [id, from, to] : tables.rows.moves)
        EXPECT_TRUE(may_become(from, to)) << word(from) << " to " << word(to);
}

INSTANTIATE_TEST_SUITE_P(Seeds, Converge, testing::Range(1, 41));

}  // namespace
}  // namespace postrider::core
