// The rules that hold for each call.
#include "watch.hpp"

#include "describe.hpp"

#include <fmt/format.h>
#include <boost/json/serialize.hpp>
#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>

#include <algorithm>

namespace postrider::conformance {

using namespace adapter;

std::vector<Rule> const watched_rules = {
    {"purity/next", "asked twice, next() answers the same"},
    {"purity/reconcile", "asked twice, reconcile() answers the same"},
    {"purity/facts", "asked twice, facts() answers the same"},
    {"steps/declared", "each request is a declared step, with the effect declared for it"},
    {"steps/buckets", "each bucket that a request names is declared"},
    {"requests/absolute", "URLs are absolute and methods are words"},
    {"requests/bearer_host",
     "the token goes to hosts that the app's options name, and nowhere else"},
    {"requests/deadline", "each request has a deadline"},
    {"save/before_second_effect", "what a prepare step answered is saved before it is used"},
    {"save/handle_durable", "the handle of a commit is in the saved state before it is sent"},
    {"reconcile/only_looks", "reconcile() asks for nothing but looks"},
    {"reconcile/resume_has_evidence", "only reconcile() resumes, and says on what proof"},
    {"secrets/state", "sealed text is not in the open part of the state as well"},
    {"secrets/urls", "a URL with sealed text in it is marked secret"},
    {"secrets/errors", "no error and no receipt holds a secret"},
};

namespace {

constexpr std::size_t secret_size_min = 8;  // shorter texts are found everywhere

std::string host_of(std::string_view url) {
    auto const parsed = boost::urls::parse_uri(url);
    if (!parsed) return {};
    if (parsed->scheme() != "http" && parsed->scheme() != "https") return {};
    return std::string(parsed->encoded_host_and_port());
}

void collect_texts(boost::json::value const& value, std::vector<std::string>& texts) {
    if (auto const* text = value.if_string()) {
        if (text->size() >= secret_size_min) texts.emplace_back(*text);
    } else if (auto const* object = value.if_object()) {
        for (auto const& member : *object) collect_texts(member.value(), texts);
    } else if (auto const* array = value.if_array()) {
        for (auto const& element : *array) collect_texts(element, texts);
    }
}

bool contains(std::string const& text, std::string const& part) {
    return text.find(part) != std::string::npos;
}

// What is in a JSON text as the value of a string, with its escapes.
std::string escaped(std::string const& text) {
    auto const quoted = boost::json::serialize(boost::json::value(text));
    return quoted.substr(1, quoted.size() - 2);
}

bool good(HttpReply const& reply) {
    return reply.status >= 200 && reply.status < 300;
}

}  // namespace

void Watch::guard(std::string secret) {
    if (secret.size() >= secret_size_min) secrets_.push_back(std::move(secret));
}

void Watch::trust_hosts(boost::json::object const& app_options) {
    for (auto const& option : app_options)
        if (auto const* text = option.value().if_string())
            if (auto host = host_of(*text); !host.empty()) hosts_.insert(std::move(host));
}

void Watch::breach(std::string_view rule, std::string what) const {
    auto const same = [rule](Breach const& known) { return known.rule == rule; };
    if (std::any_of(breaches_.begin(), breaches_.end(), same)) return;
    breaches_.push_back({std::string(rule), std::move(what)});
}

void Watch::check_send(Send const& send, JobView const* job) const {
    last_send_ = send;
    auto const* step = find_step(descriptor(), send.step);
    if (!step)
        breach("steps/declared", fmt::format("{} is sent and not declared", send.step));
    else if (step->effect != send.effect)
        breach("steps/declared",
               fmt::format("{} is declared as {} and sent as {}",
                           send.step,
                           word(step->effect),
                           word(send.effect)));
    for (auto const& bucket : send.buckets)
        if (!find_bucket(descriptor(), bucket))
            breach("steps/buckets", fmt::format("{} names bucket {}", send.step, bucket));

    auto const& request = send.request;
    auto const host = host_of(request.url);
    if (host.empty() || request.method.empty())
        breach("requests/absolute",
               fmt::format("{}: {} {}",
                           send.step,
                           request.method,
                           request.secret_url ? "(secret)" : request.url));
    if (request.credential == Credential::bearer && !hosts_.contains(host))
        breach("requests/bearer_host", fmt::format("{} sends the token to {}", send.step, host));
    if (send.deadline <= Milliseconds{0}) breach("requests/deadline", send.step);
    if (!job) return;
    std::vector<std::string> sealed;
    collect_texts(job->state.sealed, sealed);
    for (auto const& secret : sealed)
        if (!request.secret_url && contains(request.url, secret))
            breach("secrets/urls", fmt::format("{} shows what the state seals", send.step));
}

void Watch::check_order(JobView const& job, Answer const& answer, Action const& action) const {
    if (std::holds_alternative<Begin>(answer) || std::holds_alternative<Save>(action))
        unsaved_handle_ = false;
    if (auto const* reply = std::get_if<Reply>(&answer)) {
        auto const* step = find_step(descriptor(), reply->step);
        if (step && step->effect == Effect::prepare && good(reply->http) &&
            !std::holds_alternative<Save>(action))
            unsaved_handle_ = true;
    }
    auto const* send = std::get_if<Send>(&action);
    if (!send || send->effect == Effect::look) return;
    if (unsaved_handle_)
        breach("save/before_second_effect",
               fmt::format("{} is sent though nothing was saved since the step that prepared it",
                           send->step));
    if (send->effect != Effect::commit_by_handle) return;
    auto const state =
        boost::json::serialize(job.state.open) + boost::json::serialize(job.state.sealed);
    if (send->handle.empty())
        breach("save/handle_durable", fmt::format("{} names no handle", send->step));
    else if (!contains(state, escaped(send->handle)))
        breach("save/handle_durable",
               fmt::format(
                   "{} publishes {}, which is not in the saved state", send->step, send->handle));
}

void Watch::check_secrets(JobView const& job, Action const& action) const {
    std::vector<std::string> secrets = secrets_;
    collect_texts(job.state.sealed, secrets);
    auto const check = [&](std::string_view rule, std::string const& text, char const* where) {
        for (auto const& secret : secrets)
            if (contains(text, secret) || contains(text, escaped(secret)))
                breach(rule, fmt::format("{} shows a secret", where));
    };
    auto const check_state = [&](SavedState const& state) {
        collect_texts(state.sealed, secrets);
        check("secrets/state", boost::json::serialize(state.open), "the open state");
    };
    if (auto const* save = std::get_if<Save>(&action)) check_state(save->state);
    if (auto const* resume = std::get_if<Resume>(&action)) check_state(resume->state);
    if (auto const* failed = std::get_if<Fail>(&action))
        check("secrets/errors", boost::json::serialize(failed->error.to_json()), "an error");
    if (auto const* doubt = std::get_if<Doubt>(&action))
        check("secrets/errors", boost::json::serialize(doubt->error.to_json()), "an error");
    if (auto const* done = std::get_if<Finish>(&action)) {
        if (done->state) check_state(*done->state);
        check("secrets/errors", done->receipt.link, "a receipt");
    }
}

FactsAction Watch::facts(AccountView const& account,
                         AppView const& app,
                         Instant now,
                         Answer const& answer) const {
    auto action = inner_.facts(account, app, now, answer);
    if (describe(action) != describe(inner_.facts(account, app, now, answer)))
        breach("purity/facts", describe(action));
    if (auto const* send = std::get_if<Send>(&action)) check_send(*send, nullptr);
    return action;
}

Action Watch::next(JobView const& job, Answer const& answer) const {
    auto action = inner_.next(job, answer);
    if (auto const first = describe(action), second = describe(inner_.next(job, answer));
        first != second)
        breach("purity/next", fmt::format("first {}, then {}", first, second));
    if (auto const* send = std::get_if<Send>(&action)) check_send(*send, &job);
    if (std::holds_alternative<Resume>(action))
        breach("reconcile/resume_has_evidence", "next() resumes");
    check_order(job, answer, action);
    check_secrets(job, action);
    return action;
}

Action Watch::reconcile(JobView const& job, Answer const& answer) const {
    ++reconciles_;
    auto action = inner_.reconcile(job, answer);
    if (auto const first = describe(action), second = describe(inner_.reconcile(job, answer));
        first != second)
        breach("purity/reconcile", fmt::format("first {}, then {}", first, second));
    if (auto const* send = std::get_if<Send>(&action)) {
        check_send(*send, &job);
        if (send->effect != Effect::look)
            breach("reconcile/only_looks",
                   fmt::format("{} is sent, which is {}", send->step, word(send->effect)));
        auto const* step = find_step(descriptor(), send->step);
        if (step && step->effect != Effect::look)
            breach("reconcile/only_looks",
                   fmt::format("{} is declared as {}", send->step, word(step->effect)));
    }
    if (auto const* resume = std::get_if<Resume>(&action); resume && resume->evidence.empty())
        breach("reconcile/resume_has_evidence", "it resumes without a sentence of evidence");
    check_secrets(job, action);
    return action;
}

}  // namespace postrider::conformance
