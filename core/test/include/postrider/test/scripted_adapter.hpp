// An adapter whose every decision is a function of the test's: for what no sensible adapter asks,
// and for what only some do.
#pragma once

#include <postrider/adapter/adapter.hpp>

#include <functional>
#include <string>
#include <utility>

namespace postrider::test {

/// `gamma`. What is not scripted: next() commits by handle `g1` and is done, reconcile() waits,
/// facts() have nothing to say.
class ScriptedAdapter final : public adapter::Adapter {
 public:
    ScriptedAdapter() {
        described.network = "gamma";
        described.title = "Scripted";
        described.version = "1";
        described.kinds = {adapter::PostKind::text};
        described.deliver = {adapter::Deliver::direct};
        described.buckets.push_back({"posts",
                                     adapter::BucketScope::account,
                                     1,
                                     std::chrono::seconds(60),
                                     adapter::BucketCounts::requests,
                                     adapter::WaitReason::rate,
                                     "made up",
                                     "2026-11-21"});
        adapter::OptionSpec base;
        base.name = "base";
        base.type = adapter::OptionType::text;
        base.default_text = "http://fake.invalid";
        described.app_options.push_back(base);
        described.oauth.base_option = "base";
        described.oauth.token_path = "/token";
    }

    static adapter::Send request(std::string step, adapter::Effect effect) {
        adapter::Send send;
        send.request = adapter::HttpRequest("POST", "http://fake.invalid/" + step);
        send.request.credential = adapter::Credential::bearer;
        send.step = std::move(step);
        send.effect = effect;
        return send;
    }
    static adapter::Send commit() {
        auto send = request("go", adapter::Effect::commit_by_handle);
        send.handle = "g1";
        return send;
    }
    static adapter::Finish done() {
        adapter::Finish finish;
        finish.receipt.remote_ids = {"g1"};
        return finish;
    }

    adapter::Descriptor described;
    std::function<adapter::Action(adapter::JobView const&, adapter::Answer const&)> next_is;
    std::function<adapter::Action(adapter::JobView const&, adapter::Answer const&)> reconcile_is;
    std::function<adapter::FactsAction(adapter::Answer const&)> facts_are;

    [[nodiscard]] adapter::Descriptor const& descriptor() const noexcept override {
        return described;
    }
    [[nodiscard]] std::vector<Finding> validate(adapter::Post const&,
                                                adapter::AppView const&,
                                                adapter::CreatorFacts const*) const override {
        return {};
    }
    [[nodiscard]] adapter::FactsAction facts(adapter::AccountView const&,
                                             adapter::AppView const&,
                                             Instant now,
                                             adapter::Answer const& answer) const override {
        if (facts_are) return facts_are(answer);
        adapter::Facts facts;
        facts.facts.as_of = now;
        return facts;
    }
    [[nodiscard]] adapter::Action next(adapter::JobView const& job,
                                       adapter::Answer const& answer) const override {
        if (next_is) return next_is(job, answer);
        if (std::holds_alternative<adapter::Reply>(answer)) return done();
        return commit();
    }
    [[nodiscard]] adapter::Action reconcile(adapter::JobView const& job,
                                            adapter::Answer const& answer) const override {
        if (reconcile_is) return reconcile_is(job, answer);
        return adapter::Wait{std::chrono::seconds(30), adapter::WaitReason::network};
    }
};

}  // namespace postrider::test
