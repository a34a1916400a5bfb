// What an adapter does on a good day, and the rules that were watched meanwhile.
#include "cases.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace postrider::conformance {

using namespace adapter;

namespace {

std::string list_values(std::vector<std::string> const& values) {
    return fmt::format("{}", fmt::join(values, ", "));
}

Judgement judge_facts(Context& context) {
    std::vector<Breach> breaches;
    auto const facts = context.facts(breaches);
    if (!facts) return Judgement::fail(facts.error().code() + ": " + facts.error().message());
    if (!breaches.empty())
        return Judgement::fail(breaches.front().rule + ": " + breaches.front().what);
    if (facts->as_of == Instant{}) return Judgement::fail("as_of is not set");
    auto const& d = context.descriptor();
    for (auto const& [option, values] : facts->offered) {
        auto const* spec = find_option(d, option);
        if (!spec)
            return Judgement::fail(fmt::format("it offers `{}`, which is no option", option));
        for (auto const& value : values)
            if (spec->type == OptionType::choice &&
                std::none_of(spec->values.begin(), spec->values.end(), [&](auto const& known) {
                    return known.value == value;
                }))
                return Judgement::fail(
                    fmt::format("it offers {} for {}, which is not declared", value, option));
    }
    for (auto const& [option, why] : facts->locked)
        if (!find_option(d, option))
            return Judgement::fail(fmt::format("it locks `{}`, which is no option", option));
    for (auto const& rules : d.media)
        if (!rules.duration_limit_fact.empty() &&
            !facts->limits.contains(rules.duration_limit_fact))
            return Judgement::fail(
                fmt::format("the limit {} is declared and not said", rules.duration_limit_fact));
    return Judgement::pass();
}

Judgement judge_happy(Context& context, Sample const& sample) {
    auto const& outcome = context.happy(sample);
    if (auto why = broken_promise(sample, outcome); !why.empty()) return Judgement::fail(why);
    if (!is_done(sample, outcome.job.state)) {
        auto const& error = outcome.job.error;
        return Judgement::fail(
            fmt::format("the job ended as {}{}",
                        word(outcome.job.state),
                        error ? ": " + error->code() + ": " + error->message() : ""));
    }
    if (outcome.job.attempt != 1)
        return Judgement::fail(fmt::format("it took {} attempts", outcome.job.attempt));
    if (outcome.job.error) return Judgement::fail("an error stayed: " + outcome.job.error->code());
    for (auto const& exchange : outcome.log)
        if (exchange.status >= 400)
            return Judgement::fail(
                fmt::format("{} was answered with {}", exchange.step, exchange.status));
    return Judgement::pass();
}

Judgement judge_receipt(Context& context, Sample const& sample, bool long_ids) {
    RigOptions options;
    options.long_ids = long_ids;
    auto const outcome = long_ids ? context.run(sample, options) : context.happy(sample);
    if (auto why = broken_promise(sample, outcome); !why.empty()) return Judgement::fail(why);
    if (!is_done(sample, outcome.job.state))
        return Judgement::fail(fmt::format("the job ended as {}", word(outcome.job.state)));
    if (outcome.job.state == core::JobState::handed_off)
        return Judgement::skip("a post in an inbox has no id yet");
    if (outcome.long_ids.empty())
        return long_ids ? Judgement::skip("the receipt names no id")
                        : Judgement::fail("the receipt names no id of the post");
    if (!outcome.shows_posts) return Judgement::skip("the server does not say what was published");
    for (auto const& id : outcome.long_ids)
        if (std::none_of(outcome.posts.begin(), outcome.posts.end(), [&](auto const& post) {
                return post.id == id;
            }))
            return Judgement::fail(
                fmt::format("the receipt names {}, the network knows no such post", id));
    return Judgement::pass();
}

// Cut off after each request before the first commit: whatever time passes, nothing may appear.
Judgement judge_effect(Context& context, Sample const& sample, std::string const& step) {
    auto const& log = context.happy(sample).log;
    int last = 0;
    for (std::size_t i = 0; i < log.size() && !is_commit(log[i].effect); ++i)
        if (log[i].step == step) last = static_cast<int>(i) + 1;
    if (last == 0) return Judgement::skip("it is only sent after a commit");
    RigOptions options;
    options.die_after = last;
    auto const outcome = context.run(sample, options);
    if (!outcome.problem.empty()) return Judgement::fail(outcome.problem);
    if (!outcome.posts.empty())
        return Judgement::fail(
            fmt::format("it is declared as {}, and what was posted appeared without any commit",
                        word(log[static_cast<std::size_t>(last) - 1].effect)));
    return Judgement::pass();
}

Judgement judge_token(Context& context, Sample const& sample, std::optional<Fault> fault) {
    RigOptions options;
    options.token_has_ended = true;
    if (fault) options.injection = Injection{std::string(token_step), *fault, 1, 1};
    auto const outcome = context.run(sample, options);
    if (auto why = broken_promise(sample, outcome); !why.empty()) return Judgement::fail(why);
    if (fault && !outcome.hit) return Judgement::skip("no token was refreshed");
    // A rotated token whose answer was lost may be gone for good: then its creator has to connect.
    bool const person =
        outcome.job.state == core::JobState::waiting && outcome.job.waiting == WaitReason::account;
    bool const may_be_gone = fault == Fault::lost_after || fault == Fault::error_after ||
                             fault == Fault::killed_after || fault == Fault::truncated ||
                             fault == Fault::html_after;
    if (!is_done(sample, outcome.job.state) && !(person && may_be_gone))
        return Judgement::fail(fmt::format("the job ended as {}", word(outcome.job.state)));
    return Judgement::pass();
}

std::vector<std::string> steps_of(Outcome const& outcome) {
    std::vector<std::string> steps;
    for (auto const& exchange : outcome.log)
        if (exchange.step != token_step && !is_commit(exchange.effect) &&
            std::find(steps.begin(), steps.end(), exchange.step) == steps.end())
            steps.push_back(exchange.step);
    return steps;
}

}  // namespace

bool is_done(Sample const& sample, core::JobState state) {
    bool const published = state == core::JobState::published;
    bool const handed_off = state == core::JobState::handed_off;
    switch (sample.post.deliver) {
        case Deliver::direct:
            return published;
        case Deliver::inbox:
            return handed_off;
        case Deliver::direct_or_inbox:
            return published || handed_off;
    }
    return false;
}

int count_posts(Outcome const& outcome) {
    auto const seen = static_cast<int>(outcome.posts.size());
    bool const hidden = outcome.job.state == core::JobState::handed_off && !outcome.shows_inbox;
    if (!outcome.shows_posts)
        return hidden || outcome.job.state == core::JobState::published ? 1 : 0;
    return hidden ? std::max(seen, 1) : seen;
}

std::string broken_promise(Sample const& sample, Outcome const& outcome) {
    if (!outcome.problem.empty()) return outcome.problem;
    auto const posts = count_posts(outcome);
    if (posts > 1) return fmt::format("{} posts exist", posts);
    auto const state = outcome.job.state;
    bool const success = state == core::JobState::published || state == core::JobState::handed_off;
    if (success && posts != 1)
        return fmt::format("the job says {} and the network has no post", word(state));
    if ((state == core::JobState::rejected || state == core::JobState::cancelled) && posts != 0)
        return fmt::format("the job says {} and the network has the post", word(state));
    for (auto const& post : outcome.posts) {
        if (!post.text.empty() && post.text != sample.post.caption &&
            post.text != sample.post.title)
            return fmt::format("the post says `{}`", post.text);
        auto const& media = sample.post.media;
        if (!post.media_sha256.empty() && !media.empty() && !media.front().sha256.empty() &&
            "sha256:" + post.media_sha256 != media.front().sha256)
            return "the post's media are not the bytes of the file";
    }
    if (outcome.refusals_drawn > 0)
        return fmt::format("the network refused {} requests with 429", outcome.refusals_drawn);
    if (!outcome.violations.empty())
        return "the network saw a rule broken: " + list_values(outcome.violations);
    if (!outcome.breaches.empty())
        return outcome.breaches.front().rule + ": " + outcome.breaches.front().what;
    for (auto const* error = outcome.job.error ? &*outcome.job.error : nullptr; error;
         error = error->cause())
        if (error->code().starts_with("internal.")) return error->code() + ": " + error->message();
    return {};
}

std::vector<Case> live_cases(Context& context) {
    constexpr auto own =
        "it needs a network of its own, whose time can be moved and whose answers can "
        "be spoilt: test the adapter by its name";
    std::vector<Case> cases;
    auto const skip = [&cases](std::string name, std::string why) {
        cases.push_back({std::move(name), [why] { return Judgement::skip(why); }});
    };
    cases.push_back({"facts/creator", [&context] { return judge_facts(context); }});
    for (auto const& sample : context.target().samples) {
        auto const& media = sample.post.media;
        if (!media.empty() && !media.front().url.empty()) {
            skip("happy/" + sample.name,
                 fmt::format("the server would have to fetch {}", media.front().url));
            continue;
        }
        cases.push_back(
            {"happy/" + sample.name, [&context, &sample] { return judge_happy(context, sample); }});
        cases.push_back({"receipt/ids/" + sample.name,
                         [&context, &sample] { return judge_receipt(context, sample, false); }});
    }
    for (auto const& rule : watched_rules) {
        if (rule.name.starts_with("reconcile/")) continue;
        cases.push_back({std::string(rule.name), [&context, name = rule.name] {
                             for (auto const& breach : context.survey())
                                 if (breach.rule == name) return Judgement::fail(breach.what);
                             return Judgement::pass();
                         }});
    }
    for (auto const* family : {"receipt/long_ids", "reconcile", "effects", "token", "faults"})
        skip(family, own);
    return cases;
}

std::vector<Case> behaviour_cases(Context& context) {
    std::vector<Case> cases;
    cases.push_back({"facts/creator", [&context] { return judge_facts(context); }});
    for (auto const& sample : context.target().samples) {
        cases.push_back(
            {"happy/" + sample.name, [&context, &sample] { return judge_happy(context, sample); }});
        cases.push_back({"receipt/ids/" + sample.name,
                         [&context, &sample] { return judge_receipt(context, sample, false); }});
        cases.push_back({"receipt/long_ids/" + sample.name,
                         [&context, &sample] { return judge_receipt(context, sample, true); }});
    }
    for (auto const& rule : watched_rules)
        cases.push_back({std::string(rule.name), [&context, name = rule.name] {
                             for (auto const& breach : context.survey())
                                 if (breach.rule == name) return Judgement::fail(breach.what);
                             return Judgement::pass();
                         }});
    for (auto const& sample : context.target().samples) {
        for (auto const& step : steps_of(context.happy(sample)))
            cases.push_back(
                {fmt::format("effects/{}/{}", sample.name, step),
                 [&context, &sample, step] { return judge_effect(context, sample, step); }});
    }
    if (context.target().samples.empty() || context.descriptor().oauth.token_path.empty())
        return cases;
    auto const& sample = context.target().samples.front();
    cases.push_back({"token/has_ended",
                     [&context, &sample] { return judge_token(context, sample, std::nullopt); }});
    for (auto const fault : {Fault::not_sent,
                             Fault::lost_before,
                             Fault::lost_after,
                             Fault::error_before,
                             Fault::error_after,
                             Fault::truncated,
                             Fault::html_before,
                             Fault::html_after,
                             Fault::killed_before,
                             Fault::killed_after})
        cases.push_back({fmt::format("token/{}", word(fault)), [&context, &sample, fault] {
                             return judge_token(context, sample, fault);
                         }});
    return cases;
}

}  // namespace postrider::conformance
