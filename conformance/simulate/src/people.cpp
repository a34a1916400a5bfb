// What people do to jobs and accounts while the engine is at work: withdraw, revive, settle, hold
// and let go, and ask for other things than they did.
#include "simulation.hpp"

#include <postrider/core/plan.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace postrider::simulate {

using namespace std::chrono_literals;
using core::JobState;

void Simulation::plan_deeds() {
    auto const& script = machine_.script;
    if (script.mean_deed == 0ms) return;
    machine_.after(machine_.draw_interval(script.mean_deed), [this] {
        if (machine_.faults_over) return;
        do_a_deed();
        plan_deeds();
    });
    if (machine_.time.elapsed > 0ms) return;
    for (auto at = script.mean_answer; at < script.length; at += script.mean_answer)
        machine_.after(at, [this] {
            if (!machine_.faults_over) answer_questions();
        });
}

// The first after a random place, so that each has its chance and few are looked at.
int Simulation::pick_job(std::function<bool(int)> const& wanted) {
    auto const count = machine_.truth->jobs.size();
    auto const from = machine_.chance.below(count);
    for (std::size_t i = 0; i < count; ++i) {
        auto const job = static_cast<int>((from + i) % count);
        if (machine_.truth->jobs[static_cast<std::size_t>(job)].accepted && wanted(job)) return job;
    }
    return -1;
}

void Simulation::do_a_deed() {
    if (!open_people()) return;
    auto const state = [this](int job) {
        return machine_.truth->jobs[static_cast<std::size_t>(job)].row.state;
    };
    auto const soon = [this](int job) {
        machine_.after(Milliseconds{static_cast<std::int64_t>(machine_.chance.below(400))},
                       [this, job] {
                           if (!machine_.faults_over) withdraw(job);
                       });
    };
    int job = -1;
    switch (machine_.chance.below(12)) {
        case 0:
            withdraw(pick_job([&](int one) { return !core::is_final(state(one)); }));
            break;
        case 1:
        case 2:
            machine_.at_next_request = soon;
            break;
        case 3:
            machine_.at_next_commit = soon;
            break;
        case 4:
        case 5:
            revive(pick_job([&](int one) {
                return state(one) == JobState::rejected || state(one) == JobState::cancelled;
            }));
            break;
        case 6:
            settle_what_is_there(
                pick_job([&](int one) { return state(one) == JobState::unknown; }));
            break;
        case 7:
            job = pick_job([&](int one) { return !core::is_final(state(one)); });
            if (job >= 0)
                hold_account(machine_.script.jobs[static_cast<std::size_t>(job)].account, true);
            break;
        case 8:
            hold_campaign(machine_.campaign_held.since < 0ms);
            break;
        case 9:
            job = pick_job([&](int one) { return !core::is_final(state(one)); });
            if (job < 0) break;
            machine_.network->narrow(machine_.script.jobs[static_cast<std::size_t>(job)].account,
                                     machine_.chance.below(3) > 0);
            machine_.reached("choices_narrowed");
            break;
        case 10:
            if (has_campaign()) change_campaign(-1);
            break;
        default:
            if (!has_campaign()) break;
            machine_.at_next_request = [this](int one) {
                machine_.after(1ms, [this, one] {
                    if (!machine_.faults_over && open_people()) change_campaign(one);
                });
            };
            break;
    }
}

void Simulation::withdraw(int job) {
    if (job < 0 || !open_people()) return;
    auto const& row = machine_.truth->jobs[static_cast<std::size_t>(job)].row;
    bool const held = !row.owner.empty();
    auto const now = machine_.time.wall();
    auto const done = people_->write([&](core::Tables& tables) -> Result<void> {
        auto cancelled = core::cancel_job(tables, job_id(job), "changed my mind", now);
        if (!cancelled) return cancelled.error();
        return {};
    });
    machine_.note("people", "cancel", job, done.has_value());
    if (!done) {
        if (done.error().code() == "conflict.committed") machine_.reached("cancel_met_commit");
        return;
    }
    machine_.wishes[static_cast<std::size_t>(job)].withdrawn = true;
    machine_.reached("cancelled_by_person");
    if (held) machine_.reached("cancelled_while_running");
}

void Simulation::revive(int job) {
    if (job < 0 || !open_people()) return;
    auto const now = machine_.time.wall();
    auto const done = people_->write([&](core::Tables& tables) -> Result<void> {
        auto revived = core::revive_job(tables, job_id(job), "once more", now);
        if (!revived) return revived.error();
        return {};
    });
    machine_.note("people", "revive", job, done.has_value());
    if (!done) return;
    machine_.wishes[static_cast<std::size_t>(job)].withdrawn = false;
    machine_.reached("revived");
}

// What a person sees is there; what they do not see may still be on its way.
void Simulation::settle_what_is_there(int job) {
    if (job < 0 || !open_people()) return;
    auto const posts = machine_.network->ledger();
    auto const found = std::find_if(
        posts.begin(), posts.end(), [job](auto const& post) { return post.job == job; });
    if (found == posts.end()) return;
    auto const* as = found->in_inbox ? "handed_off" : "published";
    auto const now = machine_.time.wall();
    auto const done = people_->write([&](core::Tables& tables) -> Result<void> {
        auto settled = core::settle_job(tables, job_id(job), as, "", "ann", now);
        if (!settled) return settled.error();
        return {};
    });
    machine_.note("people", as, job, done.has_value());
    if (done) machine_.reached("settled_by_truth");
}

void Simulation::hold_account(int account, bool paused) {
    auto const now = machine_.time.wall();
    auto const name = machine_.network->login_name(account);
    auto const done = people_->write([&](core::Tables& tables) {
        return core::pause_account(tables, name, paused, "a word from above", now);
    });
    machine_.note("people", paused ? "hold" : "let_go", account, done.has_value());
    if (!done) return;
    auto& held = machine_.held[static_cast<std::size_t>(account)];
    held.since = paused ? machine_.time.elapsed : Milliseconds{-1};
    machine_.reached("account_paused_by_person");
}

void Simulation::hold_campaign(bool paused) {
    if (!paused && machine_.campaign_held.since < 0ms) return;
    auto const now = machine_.time.wall();
    auto const done = people_->write([&](core::Tables& tables) {
        return core::pause_campaign(tables, campaign_name, paused, "a word from above", now);
    });
    if (!done) return;  // there is none
    machine_.note("people", paused ? "hold_campaign" : "let_campaign_go");
    machine_.campaign_held.since = paused ? machine_.time.elapsed : Milliseconds{-1};
    machine_.reached(paused ? "campaign_paused_by_person" : "campaign_let_go_again");
}

bool Simulation::notices_wait() {
    if (machine_.script.mean_deed == 0ms || !open_people()) return false;
    auto const next = core::read_now<std::optional<Instant>>(
        *people_, [](core::Tables& tables) { return tables.next_hook_run(); });
    return next && next->has_value();
}

}  // namespace postrider::simulate
