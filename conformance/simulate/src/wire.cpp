// What each mishap does to one exchange.
#include "wire.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

namespace postrider::simulate {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using adapter::Verdict;
using core::OutgoingRequest;
using core::TransportReply;

struct Wire::Flight {
    OutgoingRequest request;
    Asked asked;
    bool commit = false;
    bool injected = false;  ///< the network may refuse it for what we did to it
    std::optional<std::uint64_t> cut_after;
    bool arrived = false;
    TransportReply reply;
};

namespace {

constexpr std::string_view page = "<html><body>Something went wrong.</body></html>";

std::uint64_t body_size(OutgoingRequest const& request) {
    if (auto const* text = std::get_if<std::string>(&request.body)) return text->size();
    if (auto const* slice = std::get_if<core::FileSlice>(&request.body)) return slice->length;
    return 0;
}

TransportReply replied(int status, std::string body, std::uint64_t sent) {
    TransportReply reply;
    reply.verdict = Verdict::replied;
    reply.http = adapter::HttpReply(status, std::move(body));
    reply.sent_bytes = sent;
    return reply;
}

TransportReply failed(Verdict verdict, std::string why, std::uint64_t sent) {
    TransportReply reply;
    reply.verdict = verdict;
    reply.failure = std::move(why);
    reply.sent_bytes = sent;
    return reply;
}

bool applies(Mishap mishap) {
    return mishap != Mishap::not_sent && mishap != Mishap::lost_before &&
           mishap != Mishap::page_before && mishap != Mishap::too_many &&
           mishap != Mishap::too_many_after && mishap != Mishap::error_before;
}

// After these nobody can say from the answer what became of the request.
bool spoils_answer(Mishap mishap) {
    return mishap != Mishap::not_sent && mishap != Mishap::slow && mishap != Mishap::too_many &&
           mishap != Mishap::too_many_after && mishap != Mishap::unauthorized;
}

}  // namespace

std::optional<Mishap> Wire::draw_mishap(OutgoingRequest const& request) {
    if (machine_.faults_over) return std::nullopt;
    auto const& script = machine_.script;
    switch (machine_.open_window(script.outages)) {
        case 0:
            return Mishap::not_sent;
        case 1:
            return machine_.chance.below(4) == 0 ? Mishap::lost_after : Mishap::lost_before;
        case 2:
            return machine_.chance.below(4) == 0 ? Mishap::error_after : Mishap::error_before;
        default:
            break;
    }
    if (script.mishap_rate <= 0 || machine_.chance.unit() >= script.mishap_rate)
        return std::nullopt;
    double sum = 0;
    for (auto const weight : script.mishap_weights) sum += weight;
    auto drawn = machine_.chance.unit() * sum;
    auto chosen = Mishap::lost_after;
    for (std::size_t i = 0; i < mishap_count; ++i) {
        drawn -= script.mishap_weights[i];
        if (script.mishap_weights[i] > 0) chosen = static_cast<Mishap>(i);
        if (drawn < 0) break;
    }
    bool const has_token = !adapter::find_header(request.headers, "Authorization").empty();
    if (chosen == Mishap::unauthorized && !has_token) return std::nullopt;
    if (chosen == Mishap::cut_request && body_size(request) < 2) return std::nullopt;
    return chosen;
}

void Wire::check_commit(Flight const& flight) {
    auto const job = flight.asked.job;
    auto const& truth = machine_.truth->jobs[static_cast<std::size_t>(job)];
    if (truth.row.intent != "armed")
        machine_.wrong(Wrong::unarmed,
                       job,
                       fmt::format("{} left while the store says `{}`",
                                   flight.asked.step,
                                   truth.row.intent.empty() ? "nothing" : truth.row.intent));
    if (truth.row.owner != process_)
        machine_.wrong(Wrong::old_fence,
                       job,
                       fmt::format("{} was sent by {}, and `{}` holds the job",
                                   flight.asked.step,
                                   process_,
                                   truth.row.owner));
    if (truth.on_the_wire > 0)
        machine_.wrong(Wrong::two_commits, job, flight.asked.step + " is under way already");
    check_burst(job);
    check_wish(job);
    if (flight.asked.effect == adapter::Effect::commit_blind) check_blind(job);
}

// What people have withdrawn, held or not approved stays here.
void Wire::check_wish(int job) {
    auto const index = static_cast<std::size_t>(job);
    auto const& plan = machine_.script.jobs[index];
    auto const& wish = machine_.wishes[index];
    auto const& hash = machine_.truth->jobs[index].row.hash;
    auto const unwanted = [&](std::string_view why) {
        machine_.wrong(Wrong::unwanted, job, fmt::format("it left although {}", why));
    };
    if (wish.withdrawn) unwanted("it was withdrawn");
    if (wish.needs_yes && !wish.yes.contains(hash)) unwanted("nobody has approved it");
    if (machine_.held[static_cast<std::size_t>(plan.account)].before(wish.claimed))
        unwanted("its account was paused before it was taken");
    if (wish.planned && machine_.campaign_held.before(wish.claimed))
        unwanted("its campaign was paused before it was taken");
    // Whoever was stopped between the look at the clock and the request may be late.
    bool const late = plan.last_moment > 0ms && machine_.time.elapsed > plan.last_moment;
    if (late && !machine_.clock_was_wrong && machine_.script.mean_pause == 0ms)
        machine_.wrong(Wrong::too_late, job, "it left after its last moment");
}

// Of one account only one blind commit may be in doubt: who comes later cannot be told from it.
void Wire::check_blind(int job) {
    auto const account = machine_.script.jobs[static_cast<std::size_t>(job)].account;
    auto& open = machine_.blind[static_cast<std::size_t>(account)];
    std::erase_if(open, [this](int other) {
        return machine_.truth->jobs[static_cast<std::size_t>(other)].row.intent != "armed";
    });
    open.erase(job);
    for (int const other : open)
        machine_.wrong(
            Wrong::two_commits, job, fmt::format("job {} of the same account is in doubt", other));
    open.insert(job);
}

void Wire::note_refresh_sent(std::string const& account) {
    machine_.refreshes[account].answered[process_] = Milliseconds{-1};
    machine_.reached("token_refreshed");
    if (auto deed = std::exchange(machine_.at_next_refresh, nullptr)) deed(process_);
}

void Wire::note_refresh_ended(std::string const& account, bool lost) {
    auto& refresh = machine_.refreshes[account];
    refresh.answered[process_] = machine_.time.elapsed;
    if (!lost) return;
    refresh.lost = true;
    machine_.reached("refresh_answer_lost");
}

void Wire::tell_deeds(Flight const& flight) {
    if (flight.asked.job < 0) return;
    auto& waiting = flight.commit ? machine_.at_next_commit : machine_.at_next_request;
    if (auto deed = std::exchange(waiting, nullptr)) deed(flight.asked.job);
}

// Late posts let go: never more in an hour than the account bears.
void Wire::check_burst(int job) {
    auto const& plan = machine_.script.jobs[static_cast<std::size_t>(job)];
    auto const lateness = machine_.time.elapsed - plan.due;
    if (plan.asap || lateness <= core::JobSpec{}.catch_up_within || machine_.clock_was_wrong)
        return;
    auto& recent = machine_.late_commits[static_cast<std::size_t>(plan.account)];
    while (!recent.empty() && recent.front().first <= machine_.time.elapsed - 1h)
        recent.pop_front();
    recent.emplace_back(machine_.time.elapsed, job);
    // A job that commits again is no further post.
    std::set<int> posts;
    for (auto const& [at, late] : recent) posts.insert(late);
    auto const most = machine_.kind.adapter->descriptor().account_burst;
    if (static_cast<int>(posts.size()) > most)
        machine_.wrong(Wrong::late_burst,
                       job,
                       fmt::format("the {}th late post of its account in an hour", posts.size()));
}

void Wire::arrive(Machine& machine, std::shared_ptr<Flight> const& flight) {
    flight->arrived = true;
    flight->reply = machine.network->answer(flight->request, flight->cut_after);
    auto const status = flight->reply.http.status;
    machine.note("network", flight->asked.step, flight->asked.job, status);
    if (flight->commit)
        --machine.truth->jobs[static_cast<std::size_t>(flight->asked.job)].on_the_wire;
    if (status != 429 || flight->injected) return;
    // Permits are kept in wall time: with a clock that was set wrong they cannot be right.
    if (machine.clock_was_wrong)
        machine.reached("rate_refusal_after_clock_jump");
    else
        machine.wrong(Wrong::refused_by_rate,
                      flight->asked.job,
                      fmt::format("{} was refused by rate", flight->asked.step));
}

void Wire::launch(std::shared_ptr<Flight> const& flight, Milliseconds way_there) {
    if (flight->commit)
        ++machine_.truth->jobs[static_cast<std::size_t>(flight->asked.job)].on_the_wire;
    machine_.after(way_there, [&machine = machine_, flight] { arrive(machine, flight); });
}

asio::awaitable<TransportReply> Wire::send(OutgoingRequest request) {
    auto& chance = machine_.chance;
    ++machine_.report.requests;
    auto flight = std::make_shared<Flight>();
    if (auto const* asked = eye_.asked_for(request))
        flight->asked = *asked;
    else
        flight->asked.step = "token";
    flight->commit = adapter::is_commit(flight->asked.effect) && flight->asked.job >= 0;
    auto const mishap = draw_mishap(request);
    machine_.note(
        process_, flight->asked.step, flight->asked.job, mishap ? static_cast<int>(*mishap) : -1);
    if (flight->commit) check_commit(*flight);

    auto const size = body_size(request);
    auto const deadline = request.deadline;
    auto const started = clock_.monotonic();
    auto const draw = [&](double median_ms) {
        // Log-normal, near enough: the product of a few uniform draws.
        double const spread = chance.unit() + chance.unit() + chance.unit() - 1.5;
        return Milliseconds{static_cast<std::int64_t>(median_ms * std::exp(spread)) + 1};
    };
    auto const way_there = draw(150);
    auto const way_back = draw(150);
    if (mishap) machine_.reached(name_of(*mishap));
    if (mishap == Mishap::unauthorized)
        for (auto& [name, value] : request.headers)
            if (name == "Authorization") value = "Bearer " + machine_.network->dead_token();
    if (mishap == Mishap::cut_request) flight->cut_after = size / 2;
    flight->injected = mishap == Mishap::unauthorized || mishap == Mishap::cut_request;
    flight->request = std::move(request);
    if (flight->commit) {
        auto& truth = machine_.truth->jobs[static_cast<std::size_t>(flight->asked.job)];
        ++truth.commits;
        // Until its answer is on disk nothing can tell what became of it, if it has no name.
        if (flight->asked.effect == adapter::Effect::commit_blind &&
            (!mishap || *mishap != Mishap::not_sent))
            truth.spoilt_blind = true;
    }
    bool const refreshes = flight->asked.step == "token";
    auto const account = flight->request.account;
    if (refreshes) note_refresh_sent(account);
    tell_deeds(*flight);
    if (!mishap || applies(*mishap)) launch(flight, way_there);

    Milliseconds wait = way_there + way_back;
    if (mishap == Mishap::not_sent || mishap == Mishap::cut_request) wait = way_there;
    if (mishap == Mishap::late) wait = deadline + 1s;
    if (mishap == Mishap::slow) wait = std::max(wait, deadline - way_back);
    if (mishap == Mishap::lost_before || mishap == Mishap::lost_after)
        wait = chance.below(2) == 0 ? wait + 1s : deadline + 1s;
    co_await clock_.delay(std::min(wait, deadline));

    bool const overslept = clock_.monotonic() - started > deadline;
    bool const in_time = wait <= deadline && (!overslept || chance.below(2) == 0);
    bool const spoilt = mishap && spoils_answer(*mishap);
    if (refreshes)
        note_refresh_ended(account, (!mishap || applies(*mishap)) && (spoilt || !in_time));
    if (mishap == Mishap::not_sent) co_return failed(Verdict::not_sent, "connection refused", 0);
    if (!in_time) co_return failed(Verdict::no_reply, "no answer before the deadline", size);
    if (!spoilt && flight->commit && flight->asked.effect == adapter::Effect::commit_blind)
        machine_.truth->jobs[static_cast<std::size_t>(flight->asked.job)].spoilt_blind = false;
    if (!mishap) co_return std::move(flight->reply);
    switch (*mishap) {
        case Mishap::lost_before:
        case Mishap::lost_after:
            co_return failed(Verdict::no_reply, "connection reset", size);
        case Mishap::error_before:
        case Mishap::error_after:
            co_return replied(chance.below(2) == 0 ? 500 : 503, std::string(page), size);
        case Mishap::page_before:
        case Mishap::page_after:
            co_return replied(200, std::string(page), size);
        case Mishap::too_many:
            co_return replied(429, machine_.network->too_many_body(), size);
        case Mishap::too_many_after: {
            auto reply = replied(429, machine_.network->too_many_body(), size);
            reply.http.headers.emplace_back("Retry-After", std::to_string(1 + chance.below(120)));
            co_return reply;
        }
        case Mishap::cut_answer:
            flight->reply.http.body.resize(flight->reply.http.body.size() / 2);
            break;
        case Mishap::cut_request:
            co_return failed(Verdict::no_reply, "the connection broke", *flight->cut_after);
        default:
            break;
    }
    co_return std::move(flight->reply);
}

}  // namespace postrider::simulate
