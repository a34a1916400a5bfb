// Moving a store onto the stage.
#include "ground.hpp"

#include "members.hpp"

#include <postrider/catalogue.hpp>
#include <postrider/core/rate.hpp>
#include <postrider/core/sqlite_store.hpp>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include <stdlib.h>

namespace postrider::rehearse {

namespace fs = std::filesystem;
namespace json = boost::json;

namespace {

constexpr int jobs_at_once = 1'000;

std::int64_t number_member(json::object const& object, std::string_view name, std::int64_t other) {
    auto const* member = object.if_contains(name);
    return member && member->is_int64() ? member->get_int64() : other;
}

// A key that seals for as long as this program runs: its file is gone at once.
Result<core::Vault> passing_vault() {
    auto name = (fs::temp_directory_path() / "postrider-rehearse-XXXXXX").string();
    if (!::mkdtemp(name.data()))
        return make_error("setup.file_unwritable",
                          fmt::format("No temporary folder can be made: {}", std::strerror(errno)));
    auto vault = core::Vault::create(fs::path(name) / "vault.key");
    std::error_code ignored;
    fs::remove_all(name, ignored);
    return vault;
}

}  // namespace

Result<void> Ground::open() {
    core::StoreOptions options;
    options.in_memory = true;
    options.inline_writes = true;
    options.copy_of = request_.store;
    options.random = &ids_;
    auto opened = core::open_store(request_.store, options);
    if (!opened) return opened.error();
    store_ = *std::move(opened);
    auto vault = passing_vault();
    if (!vault) return vault.error();
    vault_.emplace(*std::move(vault));
    return {};
}

// What has left is with the real network, which is not here: it counts for limits, and nothing more
// is done about it. What has only begun begins again.
Result<void> Ground::set_aside(core::Tables& tables, core::Job& job) const {
    if (job.lease_owner.empty() && !job.committed && job.saved.open.empty() &&
        job.saved.sealed.empty())
        return {};
    ++job.fence;
    job.lease_owner.clear();
    if (job.committed) {
        job.next_at.reset();
        bool const doubtful = job.state == core::JobState::unknown;
        if (job.intent && !doubtful) job.intent->outcome = "confirmed";
        return tables.update_job(job);
    }
    job.saved = {};
    job.intent.reset();
    if (job.state == core::JobState::running) {
        job.state = core::JobState::waiting;
        job.waiting = adapter::WaitReason::backoff;
        job.until = job.next_at = request_.now;
    }
    return tables.update_job(job);
}

Result<void> Ground::find_jobs(core::Tables& tables) {
    core::JobFilter filter;
    filter.states = {core::JobState::awaiting_approval,
                     core::JobState::scheduled,
                     core::JobState::running,
                     core::JobState::waiting,
                     core::JobState::unknown};
    filter.limit = 0;
    auto jobs = tables.jobs(filter);
    if (!jobs) return jobs.error();
    std::set<std::string> const campaigns(request_.campaigns.begin(), request_.campaigns.end());
    for (auto& job : *jobs) {
        if (auto done = set_aside(tables, job); !done) return done;
        if (job.committed) continue;
        bool const ours = !job.spec.campaign.empty() && campaigns.contains(job.spec.campaign);
        (ours ? planned : others).push_back(std::move(job));
    }
    return core::abandon_permits(tables, "", request_.now);
}

// Posts that are out are looked at again for their links; those are not to be seen here.
Result<void> Ground::end_looks(core::Tables& tables) const {
    core::JobFilter filter;
    filter.states = {core::JobState::published, core::JobState::handed_off};
    filter.limit = jobs_at_once;
    for (;;) {
        auto jobs = tables.jobs(filter);
        if (!jobs) return jobs.error();
        for (auto& job : *jobs) {
            if (!job.next_at && job.lease_owner.empty()) continue;
            ++job.fence;
            job.lease_owner.clear();
            job.next_at.reset();
            if (auto put = tables.update_job(job); !put) return put;
        }
        if (static_cast<int>(jobs->size()) < jobs_at_once) return {};
        filter.after_id = jobs->back().id;
    }
}

Result<void> Ground::choose_networks(core::Tables& tables) {
    std::vector<std::string> names;
    for (auto const& kind : simulate::networks()) names.push_back(kind.name);
    for (auto* jobs : {&planned, &others}) {
        for (auto& job : *jobs) {
            if (accounts_.contains(job.account_id)) continue;
            auto account = tables.account(job.account_id);
            if (!account) return account.error();
            auto const& network = job.spec.network;
            auto const& all = simulate::networks();
            auto const kind = std::find_if(
                all.begin(), all.end(), [&](auto const& one) { return one.name == network; });
            if (kind != all.end() && *account) {
                auto& troupe = troupes_[network];
                troupe.kind = &*kind;
                troupe.accounts.push_back(**account);
                accounts_.emplace(job.account_id, std::move(**account));
                continue;
            }
            if (jobs == &planned)
                return make_error(
                    "not_found.network",
                    fmt::format("there is no model of '{}' that posts could be tried out on; "
                                "there are: {}",
                                network,
                                fmt::join(names, ", ")));
            job.next_at.reset();
            if (auto put = tables.update_job(job); !put) return put;
        }
    }
    std::erase_if(others, [&](auto const& job) { return !accounts_.contains(job.account_id); });
    return {};
}

void Ground::raise(Troupe& troupe, std::function<Instant()> now) const {
    std::sort(troupe.accounts.begin(), troupe.accounts.end(), [](auto const& a, auto const& b) {
        return a.name < b.name;
    });
    simulate::Setting setting;
    setting.accounts = static_cast<int>(troupe.accounts.size());
    setting.seed = request_.seed;
    setting.processing = request_.assume.processing;
    setting.now = std::move(now);
    setting.audited = false;
    for (auto const& account : troupe.accounts) {
        setting.facts.push_back(adapter::creator_facts_from_json(account.facts));
        setting.audited = setting.audited || apps_.at(account.app_id).audited;
    }
    troupe.network = troupe.kind->make(setting);
}

Result<void> Ground::move_app(core::Tables& tables, core::App app) {
    auto const login = troupes_.find(app.network)->second.network->app();
    app.client_id = login.client_id;
    app.sealed_secret = vault_->seal(login.client_secret, "app:" + app.id);
    for (auto const& [name, value] : login.options) app.options[name] = value;
    return tables.put_app(app);
}

Result<void> Ground::move_in(core::Tables& tables, Troupe& troupe, int number) {
    auto account = troupe.accounts[static_cast<std::size_t>(number)];
    auto const login = troupe.network->login(number);
    account.handle = login.handle;
    account.remote_id = login.remote_id;
    if (auto put = tables.put_account(account); !put) return put;
    auto const before = tables.tokens(account.id);
    if (!before) return before.error();
    core::TokenPair tokens;
    auto const context = "token:" + account.id;
    tokens.account_id = account.id;
    tokens.sealed_access = vault_->seal(text_member(login.tokens, "access_token"), context);
    tokens.sealed_refresh = vault_->seal(text_member(login.tokens, "refresh_token"), context);
    tokens.access_issued_at = request_.now;
    tokens.access_expires_at =
        request_.now + std::chrono::seconds(number_member(login.tokens, "expires_in", 7'200));
    if (auto const life = number_member(login.tokens, "refresh_expires_in", 0); life > 0)
        tokens.refresh_expires_at = request_.now + std::chrono::seconds(life);
    if (*before) {
        tokens.generation = (*before)->generation + 1;
        // An authorisation that ends soon ends here too.
        auto const& ends = (*before)->refresh_expires_at;
        if (ends && (!tokens.refresh_expires_at || *ends < *tokens.refresh_expires_at))
            tokens.refresh_expires_at = ends;
    }
    return tables.put_tokens(tokens);
}

Result<void> Ground::prepare(std::function<Instant()> now) {
    if (auto opened = open(); !opened) return opened;
    return store_->write([&](core::Tables& tables) -> Result<void> {
        if (auto found = find_jobs(tables); !found) return found;
        if (auto ended = end_looks(tables); !ended) return ended;
        if (auto chosen = choose_networks(tables); !chosen) return chosen;
        auto apps = tables.apps("");
        if (!apps) return apps.error();
        for (auto const& app : *apps) apps_.emplace(app.id, app);
        for (auto& [name, troupe] : troupes_) {
            for (auto const& account : troupe.accounts)
                if (!apps_.contains(account.app_id))
                    return make_error("not_found.app",
                                      fmt::format("the app of {} is gone", account.name));
            raise(troupe, now);
            kinds_.push_back(troupe.kind);
        }
        for (auto const& app : *apps)
            if (troupes_.contains(app.network))
                if (auto moved = move_app(tables, app); !moved) return moved;
        for (auto& [name, troupe] : troupes_)
            for (int number = 0; number < static_cast<int>(troupe.accounts.size()); ++number)
                if (auto moved = move_in(tables, troupe, number); !moved) return moved;
        return {};
    });
}

simulate::Network* Ground::network(std::string_view name) {
    auto const found = troupes_.find(name);
    return found == troupes_.end() ? nullptr : found->second.network.get();
}

core::Account const* Ground::account(std::string const& id) const {
    auto const found = accounts_.find(id);
    return found == accounts_.end() ? nullptr : &found->second;
}

core::App const* Ground::app(std::string const& id) const {
    auto const found = apps_.find(id);
    return found == apps_.end() ? nullptr : &found->second;
}

}  // namespace postrider::rehearse
