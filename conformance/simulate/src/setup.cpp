// What people do: connect accounts, add jobs, and connect again what the network has cut off.
#include "simulation.hpp"

#include <postrider/core/ids.hpp>
#include <postrider/core/plan.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace postrider::simulate {

using namespace std::chrono_literals;
namespace json = boost::json;

namespace {

std::string text_member(json::object const& object, std::string_view name) {
    auto const* member = object.if_contains(name);
    return member && member->is_string() ? std::string(member->get_string()) : std::string();
}

std::int64_t number_member(json::object const& object, std::string_view name, std::int64_t other) {
    auto const* member = object.if_contains(name);
    return member && member->is_int64() ? member->get_int64() : other;
}

std::string account_id(int account) {
    return fmt::format("acc_{:05}", account);
}

}  // namespace

Result<void> Simulation::put_account(core::Tables& tables, int number) {
    auto const login = machine_.network->login(number);
    auto const now = machine_.time.wall();
    auto const& vault = Machine::vault();
    core::Account account;
    account.id = account_id(number);
    account.app_id = app_id_;
    account.network = machine_.kind.name;
    account.handle = login.handle;
    account.name = account.network + ":" + login.handle;
    account.remote_id = login.remote_id;
    account.scopes = login.scopes;
    account.connected_at = now;
    auto const known = tables.account(account.id);
    if (!known) return known.error();
    if (*known) {
        account.paused = (*known)->paused;
        account.pause_reason = (*known)->pause_reason;
    }
    if (auto put = tables.put_account(account); !put) return put;

    core::TokenPair tokens;
    auto const access = text_member(login.tokens, "access_token");
    auto const refresh = text_member(login.tokens, "refresh_token");
    if (secrets_.size() < 100) {
        secrets_.push_back(access);
        secrets_.push_back(refresh);
    }
    tokens.account_id = account.id;
    tokens.sealed_access = vault.seal(access, "token:" + account.id);
    tokens.sealed_refresh = vault.seal(refresh, "token:" + account.id);
    tokens.access_issued_at = now;
    tokens.access_expires_at =
        now + std::chrono::seconds(number_member(login.tokens, "expires_in", 7'200));
    if (auto const life = number_member(login.tokens, "refresh_expires_in", 0); life > 0)
        tokens.refresh_expires_at = now + std::chrono::seconds(life);
    auto const before = tables.tokens(account.id);
    if (!before) return before.error();
    tokens.generation = *before ? (*before)->generation + 1 : 1;
    return tables.put_tokens(tokens);
}

void Simulation::connect_accounts() {
    auto const now = machine_.time.wall();
    auto const login = machine_.network->app();
    auto const work = [&](core::Tables& tables) -> Result<void> {
        core::App app;
        app.id = app_id_ = core::new_id("app", now, ids_);
        app.network = machine_.kind.name;
        app.name = "simulated";
        app.client_id = login.client_id;
        app.sealed_secret = Machine::vault().seal(login.client_secret, "app:" + app.id);
        app.audited = login.audited;
        app.options = login.options;
        app.created_at = now;
        if (auto put = tables.put_app(app); !put) return put;
        for (int account = 0; account < machine_.script.accounts; ++account)
            if (auto put = put_account(tables, account); !put) return put;
        return {};
    };
    if (auto done = people_->write(work); !done)
        machine_.wrong(Wrong::lost, -1, "accounts: " + done.error().message());
}

core::Job Simulation::make_job(int number) {
    auto const& plan = machine_.script.jobs[static_cast<std::size_t>(number)];
    auto const now = machine_.time.wall();
    core::Job job;
    job.id = job_id(number);
    job.app_id = app_id_;
    job.account_id = account_id(plan.account);
    job.spec = make_spec(number);
    job.spec.key = core::idempotency_key("", job.spec.post_key, job.spec.account);
    if (plan.asap) job.spec.due_at = now;
    job.hash = core::job_hash(job.spec);
    job.state = core::JobState::scheduled;
    job.next_at = job.spec.due_at;
    job.created_at = job.updated_at = now;
    return job;
}

void Simulation::add_jobs(std::vector<int> const& numbers) {
    if (!open_people()) {
        machine_.after(10s, [this, numbers] { add_jobs(numbers); });
        return;
    }
    auto const work = [&](core::Tables& tables) -> Result<void> {
        for (int const number : numbers)
            if (auto put = tables.insert_job(make_job(number)); !put) return put;
        return {};
    };
    for (int const number : numbers)
        machine_.truth->jobs[static_cast<std::size_t>(number)].maybe = true;
    machine_.people_meet_trouble = true;
    auto const done = people_->write(work);
    machine_.people_meet_trouble = false;
    machine_.note("people", "add", numbers.front(), static_cast<std::int64_t>(numbers.size()));
    if (done || done.error().code() == "conflict.name_taken") return;
    // A person who was told that it failed tries again; the key keeps it from being there twice.
    machine_.reached("adding_failed");
    machine_.after(10s, [this, numbers] { add_jobs(numbers); });
}

void Simulation::plan_people() {
    auto const& jobs = machine_.script.jobs;
    std::vector<int> first;
    for (std::size_t i = 0; i < jobs.size(); ++i) {
        auto const number = static_cast<int>(i);
        posts_.push_back(machine_.network->post(jobs[i].account, number, ids_));
        if (jobs[i].in_campaign)
            continue;
        else if (jobs[i].added <= Milliseconds{0})
            first.push_back(number);
        else
            machine_.after(jobs[i].added, [this, number] { add_jobs({number}); });
    }
    if (!first.empty()) add_jobs(first);
    for (auto at = Milliseconds{1h}; at < machine_.script.length; at += 1h)
        machine_.after(at, [this] { reconnect_the_dead(); });
}

bool Simulation::is_banned(int account) const {
    if (machine_.faults_over) return false;
    for (auto const& ban : machine_.script.bans)
        if (ban.kind == account && ban.from <= machine_.time.elapsed &&
            machine_.time.elapsed < ban.to)
            return true;
    return false;
}

// A token dies with an answer that was lost, with whoever held it, or on a disk that fails. Nothing
// else may cost an account.
void Simulation::blame_for_loss(core::Account const& account) {
    auto& refresh = machine_.refreshes[account.name];
    auto const& script = machine_.script;
    bool const refused = account.reconnect_reason.find("refresh token") != std::string::npos;
    bool const nobody_could_help = refresh.lost || machine_.clock_was_wrong ||
                                   script.disk_error_rate > 0 || !script.disk_full.empty();
    if (refused && !nobody_could_help)
        machine_.wrong(Wrong::account_lost,
                       -1,
                       fmt::format("{} must be connected again ({}), and no answer was lost",
                                   account.name,
                                   account.reconnect_reason));
    refresh.lost = false;
}

// An account whose authorisation is lost needs its person; then its jobs go on.
void Simulation::reconnect_the_dead() {
    if (!open_people()) return;
    auto const now = machine_.time.wall();
    if (machine_.script.mean_deed > Milliseconds{0}) hold_campaign(false);
    auto const work = [&](core::Tables& tables) -> Result<void> {
        for (int number = 0; number < machine_.script.accounts; ++number) {
            auto account = tables.account(account_id(number));
            if (!account) return account.error();
            if (*account && (*account)->paused && !is_banned(number)) {
                auto freed = core::pause_account(tables, (*account)->name, false, "", now);
                if (!freed) return freed;
                machine_.held[static_cast<std::size_t>(number)] = {};
                machine_.reached("account_let_go_again");
                if ((*account)->pause_reason.starts_with("a hook"))
                    machine_.reached("account_held_by_hook");
            }
            if (!*account || !(*account)->reconnect_needed) continue;
            blame_for_loss(**account);
            if (auto put = put_account(tables, number); !put) return put;
            core::JobFilter filter;
            filter.account = (*account)->name;
            filter.states = {core::JobState::waiting};
            filter.limit = 0;
            auto waiting = tables.jobs(filter);
            if (!waiting) return waiting.error();
            for (auto& job : *waiting) {
                if (job.waiting != adapter::WaitReason::account || job.next_at) continue;
                job.until = job.next_at = now;
                if (auto put = tables.update_job(job); !put) return put;
            }
            machine_.reached("account_connected_again");
            machine_.note("people", "connect", number);
        }
        return {};
    };
    (void)people_->write(work);
}

// What no look can tell a person can: is it there, or is it not?
void Simulation::settle_the_doubtful() {
    std::vector<int> doubtful;
    for (std::size_t i = 0; i < machine_.truth->jobs.size(); ++i) {
        auto const& truth = machine_.truth->jobs[i];
        if (truth.row.state == core::JobState::unknown && truth.row.owner.empty() &&
            (truth.spoilt_blind || !machine_.network->tells(static_cast<int>(i))))
            doubtful.push_back(static_cast<int>(i));
    }
    if (doubtful.empty() || !open_people()) return;
    auto const posts = machine_.network->ledger();
    for (int const job : doubtful) {
        auto const found = std::find_if(
            posts.begin(), posts.end(), [job](auto const& post) { return post.job == job; });
        auto const* as = found == posts.end() ? "absent"
                         : found->in_inbox    ? "handed_off"
                                              : "published";
        auto const now = machine_.time.wall();
        auto const done = people_->write([&](core::Tables& tables) -> Result<void> {
            auto settled = core::settle_job(tables, job_id(job), as, "", "ann", now);
            if (!settled) return settled.error();
            return {};
        });
        machine_.note("people", as, job);
        if (done) machine_.reached("settled_by_person");
    }
}

}  // namespace postrider::simulate
