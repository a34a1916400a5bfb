// The TikTok adapter: what the core sees of it.
#pragma once

#include <postrider/adapter/adapter.hpp>

#include <vector>

namespace postrider::tiktok {

class Tiktok final : public adapter::Adapter {
 public:
    [[nodiscard]] adapter::Descriptor const& descriptor() const noexcept override;
    [[nodiscard]] std::vector<Finding> validate(adapter::Post const& post,
                                                adapter::AppView const& app,
                                                adapter::CreatorFacts const* facts) const override;
    [[nodiscard]] adapter::FactsAction facts(adapter::AccountView const& account,
                                             adapter::AppView const& app,
                                             Instant now,
                                             adapter::Answer const& answer) const override;
    [[nodiscard]] adapter::Action next(adapter::JobView const& job,
                                       adapter::Answer const& answer) const override;
    [[nodiscard]] adapter::Action reconcile(adapter::JobView const& job,
                                            adapter::Answer const& answer) const override;
};

/// The one adapter of this program or module.
adapter::Adapter const* tiktok_adapter();

}  // namespace postrider::tiktok
