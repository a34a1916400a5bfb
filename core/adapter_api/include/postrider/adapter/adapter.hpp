// The interface of an adapter: plain functions over values. It decides, core acts.
#pragma once

#include <postrider/adapter/action.hpp>
#include <postrider/adapter/descriptor.hpp>

#include <vector>

namespace postrider::adapter {

/// All functions are pure and may be called from any thread. None throws.
class Adapter {
 public:
    virtual ~Adapter() = default;

    /// Identity and everything that is derived from it; the same object for the life of the
    /// adapter.
    [[nodiscard]] virtual Descriptor const& descriptor() const noexcept = 0;

    /// Content and options against the network's rules and, where `facts` is given, against this
    /// creator's answers of today. Core has already checked option names and types (check_options),
    /// text lengths and the descriptor's media rules; here is what a table cannot say. Never
    /// changes a choice.
    [[nodiscard]] virtual std::vector<Finding> validate(Post const& post,
                                                        AppView const& app,
                                                        CreatorFacts const* facts) const = 0;

    /// What the network says about a creator now: looks only. First called with Begin.
    [[nodiscard]] virtual FactsAction facts(AccountView const& account,
                                            AppView const& app,
                                            Instant now,
                                            Answer const& answer) const = 0;

    /// The state machine of a post: what to do now. State that names the remote effect is saved
    /// before the first byte that could cause a second one.
    [[nodiscard]] virtual Action next(JobView const& job, Answer const& answer) const = 0;

    /// After a commit whose outcome is not known: one look at a time, never a write. Answers
    /// Finish, Fail, Resume (each with proof), Wait (no proof yet), or the Send of a look. After
    /// Finish with `look_again` it is also called to complete the receipt.
    [[nodiscard]] virtual Action reconcile(JobView const& job, Answer const& answer) const = 0;
};

}  // namespace postrider::adapter
