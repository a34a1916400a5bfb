// What the tests of this folder share: a small network, a few accounts, and posts for them.
#pragma once

#include <postrider/catalogue.hpp>
#include <postrider/core/plan.hpp>
#include <postrider/test/memory_tables.hpp>

#include <gtest/gtest.h>
#include <boost/json/serialize.hpp>

#include <string>
#include <utility>
#include <vector>

namespace postrider::core {

class SmallAdapter final : public adapter::Adapter {
 public:
    SmallAdapter() {
        using adapter::OptionSpec;
        using adapter::OptionType;
        auto& d = descriptor_;
        d.network = "small";
        d.version = "1.0";
        d.kinds = {adapter::PostKind::video, adapter::PostKind::text};
        d.deliver = {adapter::Deliver::direct, adapter::Deliver::inbox};
        OptionSpec privacy;
        privacy.name = "privacy";
        privacy.type = OptionType::choice;
        privacy.values = {{"everyone", ""}, {"friends", ""}, {"self", ""}};
        privacy.reserved = true;
        privacy.notices = {{"everyone", "Anyone can see it."}};
        privacy.exclusions = {{"self", "paid", "true", "What is paid for cannot be private."}};
        OptionSpec paid;
        paid.name = "paid";
        paid.type = OptionType::boolean;
        paid.reserved = true;
        OptionSpec cover;
        cover.name = "cover";
        cover.type = OptionType::text;
        d.options = {privacy, paid, cover};
        d.text = {{"caption", adapter::PostKind::text, 20, TextUnit::utf16, true, 5, ""}};
        d.buckets.resize(2);
        d.buckets[0].name = "requests";
        d.buckets[0].size = 6;
        d.buckets[1].name = "posts_a_day";
        d.buckets[1].size = 15;
        d.buckets[1].reason = adapter::WaitReason::quota;
        d.declarations = {{"", {}, "I may post this.", {"https://small.example/terms"}},
                          {"paid", {"true"}, "It is paid for.", {}}};
        d.consent_notice = {"Processing takes minutes."};
    }

    [[nodiscard]] adapter::Descriptor const& descriptor() const noexcept override {
        return descriptor_;
    }
    [[nodiscard]] std::vector<Finding> validate(adapter::Post const& post,
                                                adapter::AppView const&,
                                                adapter::CreatorFacts const*) const override {
        std::vector<Finding> findings;
        if (post.caption == "forbidden") {
            findings.emplace_back();
            findings.back().code = "small.forbidden";
            findings.back().message = "This word is forbidden.";
        }
        return findings;
    }
    [[nodiscard]] adapter::FactsAction facts(adapter::AccountView const&,
                                             adapter::AppView const&,
                                             Instant,
                                             adapter::Answer const&) const override {
        return adapter::Facts{};
    }
    [[nodiscard]] adapter::Action next(adapter::JobView const&,
                                       adapter::Answer const&) const override {
        return adapter::Wait{};
    }
    [[nodiscard]] adapter::Action reconcile(adapter::JobView const&,
                                            adapter::Answer const&) const override {
        return adapter::Wait{};
    }

    adapter::Descriptor descriptor_;
};

class PlanTest : public testing::Test {
 protected:
    PlanTest() {
        for (char const* handle : {"@ada", "@bob", "@eve"}) {
            Account account;
            account.id = std::string("acc_") + handle;
            account.app_id = "app_1";
            account.network = "small";
            account.handle = handle;
            account.name = std::string("small:") + handle;
            EXPECT_TRUE(tables.put_account(account));
        }
        sources.adapter = [this](std::string_view network) -> Result<adapter::Adapter const*> {
            if (network != "small") return make_error("script.unknown_network");
            return &small;
        };
        sources.app = [](Account const&) -> Result<adapter::AppView> { return adapter::AppView{}; };
    }

    static JobSpec spec(std::string key, std::string account = "small:@ada") {
        JobSpec made;
        made.campaign = "spring";
        made.post_key = std::move(key);
        made.account = std::move(account);
        made.network = "small";
        made.post.kind = adapter::PostKind::text;
        made.post.caption = "hello";
        made.post.options = {{"privacy", "friends"}, {"paid", false}};
        made.due_at = start + Milliseconds{48 * 3'600'000};
        made.wall = "2027-03-03 12:00";
        made.zone = "UTC";
        made.key = idempotency_key(made.campaign, made.post_key, made.account);
        return made;
    }

    static JobSpec asking(std::string key, std::string account = "small:@ada") {
        auto made = spec(std::move(key), std::move(account));
        made.post.options["privacy"] = {{"ask", true}};
        return made;
    }

    Result<Plan> plan(std::vector<JobSpec> wanted, std::vector<std::string> only = {}) {
        PlanRequest request;
        request.campaign = "spring";
        request.file = "/campaigns/spring.lua";
        request.wanted = std::move(wanted);
        request.only = std::move(only);
        return make_plan(tables, std::move(request), sources, now, random);
    }

    Result<Plan> plan_single(JobSpec wanted) {
        PlanRequest request;
        wanted.campaign.clear();
        wanted.key = idempotency_key("", wanted.post_key, wanted.account);
        request.wanted = {std::move(wanted)};
        return make_plan(tables, std::move(request), sources, now, random);
    }

    Result<ApplyOutcome> apply(Plan const& made, bool only_approved = false) {
        return apply_plan(tables, made.id, made.hash, only_approved, now, random);
    }

    ApplyOutcome plan_and_apply(std::vector<JobSpec> wanted) {
        auto made = plan(std::move(wanted));
        EXPECT_TRUE(made) << made.error().message();
        EXPECT_TRUE(made->errors().empty()) << made->errors().front().message;
        auto applied = apply(*made);
        EXPECT_TRUE(applied) << applied.error().message();
        return *std::move(applied);
    }

    Job job(std::string const& key, std::string const& account = "small:@ada") {
        auto found = tables.job_by_key(idempotency_key("spring", key, account));
        EXPECT_TRUE(found && *found) << key;
        return **found;
    }

    /// As the engine would leave it.
    void force(Job job) { tables.rows.jobs.at(job.id) = std::move(job); }

    Job publish(std::string const& key, std::string const& account = "small:@ada") {
        auto published = job(key, account);
        published.state = JobState::published;
        published.committed = true;
        published.next_at.reset();
        force(published);
        return published;
    }

    static Decision yes(boost::json::object answers = {}) {
        Decision decision;
        decision.person = "Mara";
        decision.how = "terminal";
        decision.answers = std::move(answers);
        return decision;
    }

    std::vector<std::string> event_types() {
        std::vector<std::string> types;
        for (auto const& event : tables.rows.events) types.push_back(event.type);
        return types;
    }

    static inline Instant const start = *parse_rfc3339("2027-03-01T12:00:00Z");
    Instant now = start;
    test::MemoryTables tables;
    SmallAdapter small;
    PlanSources sources;
    SeededRandom random{42};
};

}  // namespace postrider::core
