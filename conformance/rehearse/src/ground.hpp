// What a rehearsal stands on: the copy of the store, and models of the networks that its accounts
// are moved to. Real tokens and addresses are left behind.
#pragma once

#include <postrider/core/adapters.hpp>
#include <postrider/core/store.hpp>
#include <postrider/core/vault.hpp>
#include <postrider/rehearse/rehearse.hpp>
#include <postrider/simulate/network.hpp>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace postrider::rehearse {

class Ground {
 public:
    explicit Ground(Request const& request) : request_(request), ids_(request.seed) {}

    /// Opens the copy and moves everybody in. `now` is asked by the models for as long as they
    /// live.
    Result<void> prepare(std::function<Instant()> now);

    [[nodiscard]] core::Store& store() { return *store_; }
    [[nodiscard]] core::Vault const& vault() const { return *vault_; }
    /// Null for a name that has no model.
    simulate::Network* network(std::string_view name);
    [[nodiscard]] std::vector<simulate::NetworkKind const*> kinds() const { return kinds_; }
    [[nodiscard]] core::Account const* account(std::string const& id) const;
    [[nodiscard]] core::App const* app(std::string const& id) const;

    /// Jobs that are not at rest: those of the campaigns, and those beside them.
    std::vector<core::Job> planned;
    std::vector<core::Job> others;

 private:
    struct Troupe {
        simulate::NetworkKind const* kind = nullptr;
        std::vector<core::Account> accounts;  ///< by name; the index is the model's
        std::unique_ptr<simulate::Network> network;
    };

    Result<void> open();
    Result<void> find_jobs(core::Tables& tables);
    Result<void> set_aside(core::Tables& tables, core::Job& job) const;
    Result<void> end_looks(core::Tables& tables) const;
    Result<void> choose_networks(core::Tables& tables);
    void raise(Troupe& troupe, std::function<Instant()> now) const;
    Result<void> move_app(core::Tables& tables, core::App app);
    Result<void> move_in(core::Tables& tables, Troupe& troupe, int number);

    Request const& request_;
    core::SeededRandom ids_;  // that the store gives
    std::unique_ptr<core::Store> store_;
    std::optional<core::Vault> vault_;
    std::map<std::string, Troupe, std::less<>> troupes_;  ///< by network
    std::vector<simulate::NetworkKind const*> kinds_;
    std::map<std::string, core::Account> accounts_;
    std::map<std::string, core::App> apps_;
};

}  // namespace postrider::rehearse
