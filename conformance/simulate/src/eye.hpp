// Looks over an adapter's shoulder: which request belongs to which job.
#pragma once

#include <postrider/adapter/adapter.hpp>
#include <postrider/core/transport.hpp>

#include <cstdint>
#include <functional>
#include <string>
#include <unordered_map>

namespace postrider::simulate {

/// A request that an adapter asked for.
struct Asked {
    int job = -1;
    adapter::Effect effect = adapter::Effect::look;
    std::string step;
};

class Eye final : public adapter::Adapter {
 public:
    explicit Eye(adapter::Adapter const& inner) : inner_(inner) {}

    /// Null for requests that no adapter asked for: the engine refreshes a token.
    [[nodiscard]] Asked const* asked_for(core::OutgoingRequest const& request) const;
    /// How often a lost commit was found again, and how often proved not to have happened.
    std::function<void(std::string_view path, int job)> on_path;

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
                                       adapter::Answer const& answer) const override;
    [[nodiscard]] adapter::Action reconcile(adapter::JobView const& job,
                                            adapter::Answer const& answer) const override;

 private:
    void remember(adapter::JobView const& job, adapter::Action const& action) const;

    adapter::Adapter const& inner_;
    // An adapter is const; what is noted about it is not part of it.
    mutable std::unordered_map<std::string, Asked> asked_;
};

}  // namespace postrider::simulate
