// `postrider post`: one post for one or more accounts, without a script.
#include "operations/app/options.hpp"
#include "operations/declared.hpp"
#include "operations/lookup.hpp"
#include "operations/plan/planning.hpp"
#include "operations/post/replay.hpp"
#include "terminal/prompt.hpp"
#include "terminal/view.hpp"

#include <postrider/adapter/adapter.hpp>
#include <postrider/catalogue.hpp>
#include <postrider/core/canonical_json.hpp>
#include <postrider/core/job.hpp>
#include <postrider/script/time.hpp>

#include <boost/json/array.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <ostream>

namespace postrider::cli {

namespace {

namespace json = boost::json;

/// Reads one request into the jobs that are wanted, and collects all that is wrong on the way.
class PostReader {
 public:
    PostReader(Context& context, Request const& request) : context_(context), request_(request) {}

    Result<std::vector<core::JobSpec>> read() {
        read_media();
        read_time();
        std::vector<core::JobSpec> specs;
        auto const names = request_.texts("account");
        for (auto const& name : names) {
            auto account = read_store<core::Account>(
                context_, [&](core::Tables& tables) { return account_named(tables, name); });
            if (!account) return account.error();
            auto spec = spec_for(*account);
            if (!spec) return spec.error();
            specs.push_back(*std::move(spec));
        }
        check_networks(specs);
        if (problems_.empty()) return specs;
        auto error =
            problems_.size() == 1
                ? make_error(problems_.front().code, problems_.front().message)
                : make_error("usage.bad_value",
                             fmt::format("{} things are wrong with this post", problems_.size()));
        for (auto const& problem : problems_) error = error.with_at(problem);
        return error;
    }

 private:
    void problem(std::string code, std::string path, std::string message) {
        Finding finding;
        finding.code = std::move(code);
        finding.path = std::move(path);
        finding.message = std::move(message);
        problems_.push_back(std::move(finding));
    }

    void read_media() {
        std::size_t index = 0;
        for (auto const& source : request_.texts("media")) {
            auto const path = fmt::format("/media/{}", index++);
            if (source.starts_with("https://")) {
                adapter::MediaFacts facts;
                facts.url = source;
                auto const end = source.substr(0, source.find('?'));
                bool const picture = end.ends_with(".jpg") || end.ends_with(".jpeg") ||
                                     end.ends_with(".png") || end.ends_with(".webp");
                facts.kind = picture ? "image" : "video";
                media_.push_back(std::move(facts));
                continue;
            }
            auto file = context_.path_of(source);
            if (!file) {
                problem(file.error().code(), path, file.error().message());
                continue;
            }
            auto facts = context_.probe(*file);
            if (facts)
                media_.push_back(*std::move(facts));
            else
                problem(facts.error().code(), path, facts.error().message());
        }
    }

    void read_time() {
        auto const when = request_.text("when");
        if (when == "asap") {
            time_.zone = request_.has("zone") ? request_.text("zone") : std::string();
            return;
        }
        // An instant says its offset; a wall time is read on the clocks of some place.
        bool const zone_missing = request_.text("zone").empty() && !parse_rfc3339(when);
        if (zone_missing && script::compile_time(when, "UTC")) {
            problem("usage.missing_input",
                    "/zone",
                    fmt::format("--when '{}' is a wall time and needs a zone: add --zone with an "
                                "IANA name such as Europe/Paris, or write an instant with its "
                                "offset such as 2027-03-01T17:00:00Z",
                                when));
            return;
        }
        auto compiled = script::compile_time(when, zone_missing ? "UTC" : request_.text("zone"));
        if (!compiled) {
            bool const zone = compiled.error().code() == "script.unknown_zone";
            problem("usage.bad_value", zone ? "/zone" : "/when", compiled.error().message());
            return;
        }
        time_ = *compiled;
        asap_ = false;
    }

    adapter::PostKind kind() const {
        if (media_.empty()) return adapter::PostKind::text;
        bool const pictures =
            std::all_of(media_.begin(), media_.end(), [](adapter::MediaFacts const& facts) {
                return facts.kind == "image";
            });
        return pictures ? adapter::PostKind::photo : adapter::PostKind::video;
    }

    Result<core::JobSpec> spec_for(core::Account const& account) {
        auto adapter = context_.adapter(account.network);
        if (!adapter) return adapter.error();
        core::JobSpec spec;
        spec.account = account.name;
        spec.network = account.network;
        spec.post.kind = kind();
        spec.post.media = media_;
        spec.post.caption = request_.text("caption");
        spec.post.title = request_.text("title");
        spec.post.deliver = *from_word<adapter::Deliver>(request_.text("deliver"));
        spec.post.options = options_for((*adapter)->descriptor());
        spec.asap = asap_;
        spec.due_at = asap_ ? context_.now() : time_.at;
        spec.wall = time_.wall;
        spec.zone = time_.zone;
        spec.zone_rule = time_.rule.text();
        spec.findings = time_.findings;
        spec.catch_up = request_.text("catch_up");
        spec.not_after = request_.instant("not_after");
        identify(spec);
        return spec;
    }

    // Without a key of its own a post is what it says: the same content is the same post.
    void identify(core::JobSpec& spec) {
        auto name = context_.globals().idempotency_key;
        if (name.empty()) {
            // Asap posts have no wall time, and the moment of asking is no part of what is sent.
            auto const hash =
                core::sha256_text(core::job_hash(spec) + "\n" + request_.text("again"));
            name = hash.substr(hash.find(':') + 1, 16);
        }
        spec.post_key = "post/" + name;
        spec.key = core::idempotency_key("", spec.post_key, spec.account);
    }

    json::object options_for(adapter::Descriptor const& descriptor) {
        json::object options;
        std::size_t index = 0;
        for (auto const& text : request_.texts("option")) {
            auto const path = fmt::format("/option/{}", index++);
            auto const option = written_option(text);
            auto const dot = option.name.find('.');
            if (!option.has_value || dot == std::string::npos) {
                add_once({"usage.bad_value",
                          path,
                          fmt::format("'{}' should read NETWORK.NAME=VALUE", text)});
                continue;
            }
            if (option.name.substr(0, dot) != descriptor.network) continue;
            auto const name = option.name.substr(dot + 1);
            auto const* spec = adapter::find_option(descriptor, name);
            if (!spec) {
                // The plan names unknown options with the nearest known one.
                options[name] = option.value;
                continue;
            }
            auto typed = typed_option(*spec, option.value, path);
            if (typed)
                options[name] = *typed;
            else
                add_once({typed.error().code(), path, typed.error().message()});
        }
        return options;
    }

    struct Problem {
        std::string code;
        std::string path;
        std::string message;
    };
    void add_once(Problem one) {
        bool const known =
            std::any_of(problems_.begin(), problems_.end(), [&](Finding const& finding) {
                return finding.path == one.path && finding.message == one.message;
            });
        if (!known) problem(std::move(one.code), std::move(one.path), std::move(one.message));
    }

    // An option for a network that none of the accounts is of is a slip of the pen.
    void check_networks(std::vector<core::JobSpec> const& specs) {
        std::size_t index = 0;
        for (auto const& text : request_.texts("option")) {
            auto const path = fmt::format("/option/{}", index++);
            auto const name = written_option(text).name;
            auto const network = name.substr(0, name.find('.'));
            bool const used =
                std::any_of(specs.begin(), specs.end(), [&](core::JobSpec const& spec) {
                    return spec.network == network;
                });
            if (!used && name.find('.') != std::string::npos)
                problem(
                    "usage.bad_value", path, fmt::format("no account of '{}' is named", network));
        }
    }

    Context& context_;
    Request const& request_;
    std::vector<adapter::MediaFacts> media_;
    script::CompiledTime time_;
    bool asap_ = true;
    std::vector<Finding> problems_;
};

Result<core::Plan> make_post_plan(Context& context, Request const& request) {
    if (auto store = context.store(); !store) return store.error();
    auto specs = PostReader(context, request).read();
    if (!specs) return specs.error();
    std::vector<std::string> accounts;
    for (auto const& spec : *specs) accounts.push_back(spec.account);
    if (auto done = refresh_facts(context, accounts, request.flag("offline")); !done)
        return done.error();
    core::PlanRequest wanted;
    wanted.wanted = *std::move(specs);
    auto plan = make_and_store(context, std::move(wanted));
    if (!plan) return plan.error();
    if (plan->hash.empty()) return findings_error(context, *plan);
    return plan;
}

bool changes_nothing(core::Plan const& plan) {
    return std::all_of(plan.jobs.begin(), plan.jobs.end(), [](core::PlannedJob const& planned) {
        return planned.action == core::PlanAction::unchanged;
    });
}

Result<Answer> run_post_plan(Context& context, Request const& request) {
    auto plan = make_post_plan(context, request);
    if (!plan) return plan.error();
    return planned_answer(*plan, {"plan", "apply", plan->id, "--hash", plan->hash});
}

Result<Answer> run_publish(Context& context, Request const& request) {
    auto plan = make_post_plan(context, request);
    if (!plan) return plan.error();
    // The same post again is the same job, wherever it has got to.
    if (changes_nothing(*plan)) return replayed_answer(context, *plan, request.flag("wait"));
    if (context.may_prompt() && context.on_table()) {
        auto const& host = context.host();
        *host.err << render_view(plan_data(*plan),
                                 plan_view,
                                 static_cast<std::size_t>(host.columns),
                                 context.printer_paint());
    }
    ApplyWish wish;
    wish.plan_id = plan->id;
    wish.hash = plan->hash;
    wish.wait = request.flag("wait");
    auto answer = apply_and_answer(context, wish);
    if (answer) {
        auto const warnings = plan_warnings(*plan);
        answer->warnings.insert(answer->warnings.begin(), warnings.begin(), warnings.end());
    }
    return answer;
}

#define POSTRIDER_POST_FLAGS                                                               \
    {.name = "account",                                                                    \
     .help = "who posts; may be given more than once",                                     \
     .repeatable = true,                                                                   \
     .required = true},                                                                    \
        {.name = "media",                                                                  \
         .help = "a file, or an https address that the network fetches",                   \
         .repeatable = true},                                                              \
        {.name = "caption", .help = "the text, sent as it stands"},                        \
        {.name = "title", .help = "the title, where the network has one"},                 \
        {.name = "option",                                                                 \
         .help = "an option of a network; choices that belong to people have no default",  \
         .more =                                                                           \
             "network show NETWORK --section options lists them; `ask` leaves one to the " \
             "approver.",                                                                  \
         .placeholder = "NETWORK.NAME=VALUE",                                              \
         .repeatable = true},                                                              \
        {.name = "deliver",                                                                \
         .type = InputType::choice,                                                        \
         .help = "to the public, or to the creator's inbox",                               \
         .values = "direct|inbox|direct_or_inbox",                                         \
         .fallback = "direct"},                                                            \
        {.name = "when",                                                                   \
         .help = "asap, a wall time with --zone, or an instant",                           \
         .fallback = "asap"},                                                              \
        {.name = "zone", .help = "zone of --when, such as Europe/Paris"},                  \
        {.name = "not_after",                                                              \
         .type = InputType::instant,                                                       \
         .help = "cancelled rather than later than this"},                                 \
        {.name = "catch_up",                                                               \
         .type = InputType::choice,                                                        \
         .help = "what happens when it is late",                                           \
         .values = "ask|skip|all|latest",                                                  \
         .fallback = "ask"},                                                               \
        {.name = "again",                                                                  \
         .help = "the same content once more on purpose, under this label",                \
         .placeholder = "LABEL"},                                                          \
    {                                                                                      \
        .name = "offline", .type = InputType::boolean,                                     \
        .help = "do not ask networks; what is known has to do"                             \
    }

constexpr InputSpec post_plan_inputs[] = {POSTRIDER_POST_FLAGS};
constexpr InputSpec publish_inputs[] = {
    POSTRIDER_POST_FLAGS,
    {.name = "wait", .type = InputType::boolean, .help = "run the engine until it is settled"},
};
#undef POSTRIDER_POST_FLAGS
constexpr std::string_view post_plan_examples[] = {
    "post plan --account network:@handle --media teaser.mp4 --caption 'Out now' --option "
    "NETWORK.NAME=VALUE"};
constexpr std::string_view publish_examples[] = {
    "post publish --account network:@handle --media teaser.mp4 --caption 'Out now' "
    "--idempotency-key teaser-1 --wait"};

}  // namespace

constinit Operation const post_plan_operation{
    .name = "post.plan",
    .sentence = "one post to a plan; sends nothing but looks",
    .inputs = post_plan_inputs,
    .output = "@plan_data",
    .errors =
        "plan.findings conflict.key_reused not_found.account media.missing media.unsupported "
        "option.wrong_type "
        "script.choice_missing caption.too_long",
    .scope = Scope::plan,
    .effect = OperationEffect::looks,
    .examples = post_plan_examples,
    .view = plan_view,
    .keyed = true,
    .run = run_post_plan,
};

constinit Operation const post_publish_operation{
    .name = "post.publish",
    .sentence = "plan one post and apply it, in one command",
    .inputs = publish_inputs,
    .output = "@applied_data",
    .errors =
        "plan.findings conflict.key_reused not_found.account media.missing media.unsupported "
        "option.wrong_type "
        "script.choice_missing caption.too_long approval.required wait.timeout job.outcome_unknown "
        "job.rejected job.cancelled jobs.partial",
    .scope = Scope::publish,
    .effect = OperationEffect::sends,
    .time_limit = "10m",
    .examples = publish_examples,
    .view = applied_view,
    .keyed = true,
    .run = run_publish,
};

}  // namespace postrider::cli
