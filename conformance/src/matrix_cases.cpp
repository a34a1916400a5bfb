// The fault matrix: every step that a sample sends, every fault, the first time, the second time,
// and twice.
#include "cases.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace postrider::conformance {

using namespace adapter;

namespace {

struct SentStep {
    std::string name;
    Effect effect = Effect::look;
    int count = 0;
    bool has_token = false;
    bool has_body = false;
};

std::vector<SentStep> sent_steps(Outcome const& outcome) {
    std::vector<SentStep> steps;
    for (auto const& exchange : outcome.log) {
        if (exchange.step == token_step) continue;
        auto known = std::find_if(steps.begin(), steps.end(), [&](auto const& step) {
            return step.name == exchange.step;
        });
        if (known == steps.end())
            known = steps.insert(known, {exchange.step, exchange.effect, 0, false, false});
        ++known->count;
        known->has_token |= exchange.has_token;
        known->has_body |= exchange.has_body;
    }
    return steps;
}

std::string sent_again_wrongly(Injection const& injection,
                               Expectation const& expected,
                               Outcome const& outcome) {
    auto const spoilt = std::find_if(outcome.log.begin(),
                                     outcome.log.end(),
                                     [](auto const& exchange) { return exchange.spoilt; });
    if (spoilt == outcome.log.end()) return {};
    bool const proof =
        std::any_of(outcome.steps.begin(), outcome.steps.end(), [](auto const& step) {
            return step.step == "reconcile" && !step.note.empty();
        });
    for (auto later = spoilt + 1; later != outcome.log.end(); ++later) {
        if (expected.again == Expectation::Again::with_proof && later->step == injection.step &&
            !proof)
            return fmt::format("{} was sent again without proof", later->step);
        if (expected.again == Expectation::Again::same_handle && later->effect == Effect::prepare)
            return fmt::format("{} prepared anew while a commit was in doubt", later->step);
        if (is_commit(expected.effect) && expected.again != Expectation::Again::may &&
            later->step == injection.step && later->looks_before == spoilt->looks_before && !proof)
            return fmt::format("{} was sent again without a look", later->step);
    }
    return {};
}

Judgement judge(Context& context,
                Sample const& sample,
                Injection const& injection,
                Expectation const& expected) {
    RigOptions options;
    options.injection = injection;
    auto const outcome = context.run(sample, options);
    if (!outcome.not_applicable.empty()) return Judgement::skip(outcome.not_applicable);
    if (auto why = broken_promise(sample, outcome); !why.empty()) return Judgement::fail(why);
    if (!outcome.hit) return Judgement::fail("the step was not sent as on a good day");

    auto const state = outcome.job.state;
    bool const allowed =
        std::any_of(expected.states.begin(), expected.states.end(), [&](std::string const& name) {
            return name == "done" ? is_done(sample, state) : name == word(state);
        });
    auto const posts = count_posts(outcome);
    auto const& error = outcome.job.error;
    if (!allowed)
        return Judgement::fail(
            fmt::format("the job ended as {}{}; {}",
                        word(state),
                        error ? " (" + error->code() + ": " + error->message() + ")" : "",
                        expected.why));
    // An inbox that nobody can look into says nothing about a job in doubt.
    bool const countable = outcome.shows_inbox || sample.post.deliver == Deliver::direct;
    if (countable &&
        std::find(expected.posts.begin(), expected.posts.end(), posts) == expected.posts.end())
        return Judgement::fail(fmt::format("{} posts exist; {}", posts, expected.why));
    if (auto why = sent_again_wrongly(injection, expected, outcome); !why.empty())
        return Judgement::fail(why + ": " + expected.why);
    return Judgement::pass();
}

}  // namespace

std::vector<Case> matrix_cases(Context& context) {
    std::vector<Case> cases;
    for (auto const& sample : context.target().samples) {
        for (auto const& step : sent_steps(context.happy(sample))) {
            for (auto const& [fault, fault_word] : Words<Fault>::table) {
                auto const* expected = find_expectation(step.effect, fault);
                if (!expected) continue;
                auto const add = [&, chosen = fault](std::string_view when, int first, int last) {
                    auto name = fmt::format(
                        "faults/{}/{}/{}/{}", sample.name, step.name, word(chosen), when);
                    if (chosen == Fault::unauthorized && !step.has_token) {
                        cases.push_back({std::move(name), [] {
                                             return Judgement::skip("the request carries no token");
                                         }});
                        return;
                    }
                    if (chosen == Fault::cut_body && !step.has_body) {
                        cases.push_back({std::move(name), [] {
                                             return Judgement::skip("the request has no body");
                                         }});
                        return;
                    }
                    Injection injection{step.name, chosen, first, last};
                    cases.push_back({std::move(name), [&context, &sample, injection, expected] {
                                         return judge(context, sample, injection, *expected);
                                     }});
                };
                add("first", 1, 1);
                if (step.count > 1) add("second", 2, 2);
                // A token that is refused twice in a row is another matter: then it is dead.
                if (fault != Fault::unauthorized) add("twice", 1, 2);
            }
        }
    }
    return cases;
}

}  // namespace postrider::conformance
