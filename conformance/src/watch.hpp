// Looks over an adapter's shoulder: every call goes through, and every rule that can be judged from
// one call, or from a few in a row, is judged.
#pragma once

#include <postrider/adapter/adapter.hpp>

#include <boost/json/object.hpp>

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace postrider::conformance {

/// A rule that was seen broken. The rule's name is a case's name.
struct Breach {
    std::string rule;
    std::string what;
};

/// The names of the rules, in the order of the report, each with its sentence.
struct Rule {
    std::string_view name;
    std::string_view sentence;
};
extern std::vector<Rule> const watched_rules;

class Watch final : public adapter::Adapter {
 public:
    explicit Watch(adapter::Adapter const& inner) : inner_(inner) {}

    /// Texts that must not be seen outside requests.
    void guard(std::string secret);
    /// Bearer tokens may go to the hosts that these values name.
    void trust_hosts(boost::json::object const& app_options);
    /// The worker is dead: what the adapter did before does not follow from what it does next.
    void forget() { unsaved_handle_ = false; }

    [[nodiscard]] std::vector<Breach> const& breaches() const { return breaches_; }
    /// The newest request that was asked for.
    [[nodiscard]] std::optional<adapter::Send> const& last_send() const { return last_send_; }
    /// How often reconcile() was called.
    [[nodiscard]] int looks_for_proof() const { return reconciles_; }

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
                                             adapter::Answer const& answer) const override;
    [[nodiscard]] adapter::Action next(adapter::JobView const& job,
                                       adapter::Answer const& answer) const override;
    [[nodiscard]] adapter::Action reconcile(adapter::JobView const& job,
                                            adapter::Answer const& answer) const override;

 private:
    void breach(std::string_view rule, std::string what) const;
    void check_send(adapter::Send const& send, adapter::JobView const* job) const;
    void check_order(adapter::JobView const& job,
                     adapter::Answer const& answer,
                     adapter::Action const& action) const;
    void check_secrets(adapter::JobView const& job, adapter::Action const& action) const;

    // An adapter is const; what is noted about it is not part of it.
    adapter::Adapter const& inner_;
    std::vector<std::string> secrets_;
    std::set<std::string> hosts_;
    mutable std::vector<Breach> breaches_;
    mutable std::optional<adapter::Send> last_send_;
    mutable bool unsaved_handle_ = false;
    mutable int reconciles_ = 0;
};

}  // namespace postrider::conformance
