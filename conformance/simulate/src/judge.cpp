// The end: what the store says of each job beside what the network says.
#include "simulation.hpp"

#include <fmt/format.h>
#include <boost/json/serialize.hpp>

namespace postrider::simulate {

using core::JobState;
using namespace std::chrono_literals;

void Simulation::judge() {
    judge_posts();
    judge_store();
    machine_.report.simulated_ms = machine_.time.elapsed.count();
    machine_.report.transitions = machine_.truth->transitions();
}

std::string Simulation::reason_of(int number) {
    std::string reason;
    if (!open_people()) return reason;
    (void)people_->read([&](core::Tables& tables) -> Result<void> {
        auto job = tables.job(job_id(number));
        if (!job) return job.error();
        if (!*job) return {};
        if ((*job)->waiting) reason = word(*(*job)->waiting);
        for (auto const* error = (*job)->error ? &*(*job)->error : nullptr; error;
             error = error->cause())
            reason += " " + error->code();
        return {};
    });
    return reason;
}

// What is out is what the job says, however often its words were changed.
void Simulation::check_words(FoundPost const& post) {
    bool const planned = post.job >= 0 && post.job < static_cast<int>(posts_.size()) &&
                         machine_.wishes[static_cast<std::size_t>(post.job)].planned;
    if (!planned || post.text.empty() || !open_people()) return;
    (void)people_->read([&](core::Tables& tables) -> Result<void> {
        auto job = tables.job(job_id(post.job));
        if (!job) return job.error();
        if (*job && (*job)->spec.post.caption != post.text)
            machine_.wrong(
                Wrong::other_words,
                post.job,
                fmt::format(
                    "`{}` is out, and the job says `{}`", post.text, (*job)->spec.post.caption));
        return {};
    });
}

// Whoever asked to be told of an end was told, at least once.
void Simulation::check_told(int job) {
    auto const index = static_cast<std::size_t>(job);
    auto const state = machine_.truth->jobs[index].row.state;
    bool const an_end = state == JobState::published || state == JobState::handed_off ||
                        state == JobState::rejected;
    if (!machine_.script.jobs[index].notifies || !an_end) return;
    if (!machine_.told.contains({job_id(job), std::string(word(state))}))
        machine_.wrong(
            Wrong::untold, job, fmt::format("nobody was told that it is {}", word(state)));
}

void Simulation::judge_posts() {
    struct Found {
        int posts = 0;
        int drafts = 0;
    };
    std::vector<Found> found(machine_.script.jobs.size());
    for (auto const& post : machine_.network->ledger()) {
        check_words(post);
        if (post.job < 0 || post.job >= static_cast<int>(found.size())) {
            machine_.wrong(Wrong::doubled, -1, "a post that belongs to no job");
            continue;
        }
        auto& one = found[static_cast<std::size_t>(post.job)];
        ++(post.in_inbox ? one.drafts : one.posts);
    }
    for (std::size_t i = 0; i < found.size(); ++i) {
        auto const job = static_cast<int>(i);
        auto const& truth = machine_.truth->jobs[i];
        int const posts = found[i].posts;
        int const drafts = found[i].drafts;
        auto const wrong = [&](Wrong what, std::string_view why) {
            machine_.wrong(what,
                           job,
                           fmt::format("{}: the job is {} ({}; intent `{}`, owner `{}`), the "
                                       "network has {} posts and {} drafts",
                                       why,
                                       word(truth.row.state),
                                       reason_of(job),
                                       truth.row.intent,
                                       truth.row.owner,
                                       posts,
                                       drafts));
        };
        check_told(job);
        if (posts + drafts > 1) wrong(Wrong::doubled, "more than once");
        if (!truth.accepted) {
            wrong(Wrong::lost, "never added");
            continue;
        }
        switch (truth.row.state) {
            case JobState::published:
                if (posts == 0) wrong(Wrong::phantom, "not there");
                break;
            case JobState::handed_off:
                if (drafts == 0) wrong(Wrong::phantom, "not there");
                break;
            case JobState::rejected:
            case JobState::cancelled:
                if (posts + drafts > 0) wrong(Wrong::denied, "there");
                break;
            case JobState::unknown:
                if (!truth.spoilt_blind && machine_.network->tells(job))
                    wrong(Wrong::wrong_unknown, "in doubt");
                break;
            case JobState::awaiting_approval:
                wrong(Wrong::lost, "asks a person");
                break;
            case JobState::scheduled:
            case JobState::running:
            case JobState::waiting:
                wrong(Wrong::lost, "never came to rest");
                break;
        }
    }
    for (auto const& rule : machine_.network->violations()) machine_.reached("rule_" + rule);
}

// In peace no answer is a failure: a circuit of many accounts that has gone back to rest in it
// took one for a failure that was none. (One account may really be refused.)
void Simulation::check_circuit(core::CircuitState const& circuit) {
    auto const rested = circuit.until - circuit.rest - machine_.time.began;
    bool const open = circuit.phase == core::CircuitState::Phase::open;
    bool const in_peace = rested > machine_.script.length + 15min;
    bool const of_account = circuit.key.find("/account/") != std::string::npos;
    if (open && in_peace && !of_account && !machine_.clock_was_wrong)
        machine_.wrong(Wrong::held_up, -1, fmt::format("{} is open in peace", circuit.key));
}

// Who dies after a person took the job has nothing that a rescue would find; their permits come
// free by themselves, a deadline later.
bool Simulation::was_torn_away(std::string const& holder) const {
    for (std::size_t job = 0; job < machine_.truth->jobs.size(); ++job) {
        auto const fence = machine_.truth->jobs[job].torn_fence;
        if (fence >= 0 &&
            holder.ends_with(fmt::format("/{}/{}", job_id(static_cast<int>(job)), fence)))
            return true;
    }
    return false;
}

void Simulation::judge_store() {
    if (!open_people()) return;
    auto const now = machine_.time.wall();
    auto const read = people_->read([&](core::Tables& tables) -> Result<void> {
        auto buckets = tables.buckets();
        if (!buckets) return buckets.error();
        for (auto const& bucket : *buckets)
            for (auto const& slot : bucket.slots)
                if (!slot.holder.empty() && slot.free_at > now && !was_torn_away(slot.holder))
                    machine_.wrong(Wrong::held_permit,
                                   -1,
                                   fmt::format("{} holds a permit of {}", slot.holder, bucket.key));
        auto const check_text = [&](std::string const& text, int job) {
            for (auto const& secret : secrets_)
                if (secret.size() >= 8 && text.find(secret) != std::string::npos)
                    machine_.wrong(Wrong::secret_shown, job, "a token is shown");
        };
        auto circuits = tables.circuits();
        if (!circuits) return circuits.error();
        for (auto const& circuit : *circuits) check_circuit(circuit);
        auto events = tables.events(0, {}, 500);
        if (!events) return events.error();
        for (auto const& event : *events) check_text(boost::json::serialize(event.data), -1);
        for (int job = 0; job < static_cast<int>(posts_.size()); job += 7) {
            auto steps = tables.steps(job_id(job));
            if (!steps) return steps.error();
            for (auto const& step : *steps) check_text(step.note, job);
        }
        return {};
    });
    if (!read)
        machine_.wrong(Wrong::lost, -1, "the store cannot be read: " + read.error().message());
}

}  // namespace postrider::simulate
