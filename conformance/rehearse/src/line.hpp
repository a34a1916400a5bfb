// The way to the models: delays that a seed decides, and outages that were assumed. Beside it an
// ear at the adapter, which knows the limits that a request has to pass.
#pragma once

#include "ground.hpp"
#include "scheduler.hpp"

#include <postrider/adapter/adapter.hpp>
#include <postrider/core/transport.hpp>

#include <functional>
#include <map>
#include <string>
#include <vector>

namespace postrider::rehearse {

/// Notes which limits the newest request of each account has to pass. One job of an account is
/// visited at a time, so there is only one.
class Ear final : public adapter::Adapter {
 public:
    Ear(adapter::Adapter const& inner, std::map<std::string, std::vector<std::string>>& heard)
        : inner_(inner), heard_(heard) {}

    [[nodiscard]] adapter::Descriptor const& descriptor() const noexcept override {
        return inner_.descriptor();
    }
    [[nodiscard]] std::vector<Finding> validate(adapter::Post const& post,
                                                adapter::AppView const& app,
                                                adapter::CreatorFacts const* facts) const override {
        return inner_.validate(post, app, facts);
    }
    [[nodiscard]] adapter::FactsAction facts(adapter::AccountView const& account,
                                             adapter::AppView const& app,
                                             Instant now,
                                             adapter::Answer const& answer) const override {
        return inner_.facts(account, app, now, answer);
    }
    [[nodiscard]] adapter::Action next(adapter::JobView const& job,
                                       adapter::Answer const& answer) const override {
        auto action = inner_.next(job, answer);
        note(job, action);
        return action;
    }
    [[nodiscard]] adapter::Action reconcile(adapter::JobView const& job,
                                            adapter::Answer const& answer) const override {
        auto action = inner_.reconcile(job, answer);
        note(job, action);
        return action;
    }

 private:
    void note(adapter::JobView const& job, adapter::Action const& action) const {
        if (auto const* send = std::get_if<adapter::Send>(&action))
            heard_[job.account.name] = send->buckets;
    }

    adapter::Adapter const& inner_;
    std::map<std::string, std::vector<std::string>>& heard_;
};

class Line final : public core::Transport {
 public:
    Line(Ground& ground,
         Assumptions const& assume,
         simulate::MachineTime const& time,
         simulate::SimulatedClock& clock,
         std::uint64_t seed)
        : ground_(ground), assume_(assume), time_(time), clock_(clock), chance_(seed) {}

    boost::asio::awaitable<core::TransportReply> send(core::OutgoingRequest request) override;

    /// Before each request, with the account's name: its permits are taken.
    std::function<void(std::string const& account)> on_send;
    [[nodiscard]] std::int64_t requests() const { return requests_; }

 private:
    Milliseconds half_way();

    Ground& ground_;
    Assumptions const& assume_;
    simulate::MachineTime const& time_;
    simulate::SimulatedClock& clock_;
    core::SeededRandom chance_;
    std::int64_t requests_ = 0;
};

}  // namespace postrider::rehearse
