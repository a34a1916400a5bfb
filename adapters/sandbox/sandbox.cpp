// The sandbox network: it exists only in memory (see emulator/) and speaks a small JSON protocol
// over HTTP. Everything that an adapter has to do is done here once, in the order in which one
// reads it: descriptor, errors, requests, steps, reconcile, facts. Not supported, because the
// network has neither: deleting and editing.
#include "sandbox.hpp"

#include "api.hpp"

#include <postrider/catalogue.hpp>

#include <fmt/format.h>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <boost/url/encode.hpp>
#include <boost/url/rfc/unreserved_chars.hpp>

#include <algorithm>

namespace postrider::sandbox {

namespace {

using namespace std::chrono_literals;
using namespace adapter;  // this file is nothing but its vocabulary

// --- 1. The descriptor: said once, used by validation, help, schemas, Lua and the conformance kit

// Codes of our own are only for what no code of the core says. Sorted by code.
constexpr ErrorRow own_rows[] = {
    {"sandbox.text_refused",
     ErrorKind::rejected,
     Owner::you,
     RetryWhen::fix_first,
     "The sandbox refuses texts that contain the word REFUSE.",
     "Nothing was posted.",
     "Write another text and plan again."},
};

Descriptor make_descriptor() {
    Descriptor descriptor;
    descriptor.network = "sandbox";
    descriptor.title = "Sandbox";
    descriptor.version = "0.1.0";
    descriptor.sentence =
        "A network that exists only in memory, to try things out and to copy from.";
    descriptor.kinds = {PostKind::text, PostKind::photo, PostKind::video};
    descriptor.deliver = {Deliver::direct};

    OptionSpec audience;
    audience.name = "audience";
    audience.type = OptionType::choice;
    audience.help = "Who sees the post; everyone if not given.";
    audience.values = {{"everyone", "Anybody."}, {"followers", "Followers only."}};
    audience.askable = true;
    OptionSpec tone;
    tone.name = "tone";
    tone.help = "A word that is shown beside the post.";
    descriptor.options = {audience, tone};

    OptionSpec api_base;
    api_base.name = "api_base";
    api_base.type = OptionType::url;
    api_base.help = "Base URL of the network.";
    api_base.default_text = "http://sandbox.invalid";
    descriptor.app_options = {api_base};

    for (auto const kind : descriptor.kinds) {
        TextField caption;
        caption.name = "caption";
        caption.kind = kind;
        caption.length_max = 500;
        caption.unit = TextUnit::grapheme;
        caption.required = kind == PostKind::text;
        caption.source = "adapters/sandbox/README.md";
        descriptor.text.push_back(caption);
    }
    for (auto const kind : {PostKind::photo, PostKind::video}) {
        MediaRules rules;
        rules.kind = kind;
        rules.count_max = kind == PostKind::photo ? 4 : 1;
        rules.size_bytes_max = 1'000'000'000;
        rules.source = "adapters/sandbox/README.md";
        descriptor.media.push_back(rules);
    }

    BucketSpec posts;
    posts.name = "posts";
    posts.size = 30;
    posts.source = "adapters/sandbox/README.md";
    BucketSpec looks = posts;
    looks.name = "looks";
    looks.size = 120;
    descriptor.buckets = {posts, looks};

    descriptor.steps = {
        {"whoami", Effect::look, "asks whose account it is and who may be addressed"},
        {"create", Effect::prepare, "makes a draft, which nobody sees"},
        {"put", Effect::repeat, "uploads one file into the draft"},
        {"publish", Effect::commit_keyed, "publishes the draft under the job's key"},
        {"state", Effect::look, "asks what became of the post"},
        {"find", Effect::look, "looks for a post by the job's key"}};

    descriptor.oauth.base_option = "api_base";
    descriptor.oauth.authorize_base_option = "api_base";
    descriptor.oauth.authorize_path = "/oauth/authorize";
    descriptor.oauth.token_path = "/oauth/token";
    descriptor.oauth.revoke_path = "/oauth/revoke";
    descriptor.oauth.remote_id_member = "id";
    descriptor.oauth.scopes = {"post"};
    descriptor.errors.assign(std::begin(own_rows), std::end(own_rows));
    return descriptor;
}

Descriptor const& sandbox_descriptor() {
    static Descriptor const descriptor = make_descriptor();
    return descriptor;
}

// --- 2. Errors: the network's word -> our code, in one table

struct NetworkCode {
    std::string_view word;
    std::string_view code;
    Retry retry;
};

NetworkCode const network_codes[] = {
    {"token_expired", "account.token_expired", Retry::backoff()},
    {"revoked", "account.reconnect_needed", {RetryWhen::person_first, {}}},
    {"banned", "network.account_banned", Retry::never()},
    {"too_fast", "network.rate_limited", Retry::after(10s)},
    {"audience_not_offered", "approval.lapsed", {RetryWhen::person_first, {}}},
    {"draft_gone", "network.upload_expired", Retry::backoff()},
    {"text_refused", "sandbox.text_refused", {RetryWhen::fix_first, {}}},
};

Error error_of_word(std::string_view word) {
    for (auto const& row : network_codes) {
        if (row.word != word) continue;
        auto const error = row.code == own_rows[0].code ? Error{own_rows[0]} : make_error(row.code);
        return error.with_retry(row.retry).with("network_code", std::string{word});
    }
    // A word that nobody knows is kept, so that it can be given a row; it decides nothing.
    return make_error("network.unrecognized").with("network_code", std::string{word.substr(0, 60)});
}

Error error_of(Reply const& reply) {
    auto const refusal = parse_refusal(reply.http.body);
    auto const error = !refusal.word.empty()      ? error_of_word(refusal.word)
                       : reply.http.status >= 500 ? make_error("network.unavailable")
                                                  : make_error("network.bad_answer");
    return error.with("http_status", std::to_string(reply.http.status))
        .with_operation("sandbox." + reply.step);
}

bool is_good(HttpReply const& http) {
    return http.status >= 200 && http.status < 300;
}

// --- 3. State: what must survive a crash. The draft's id is no secret, so nothing is sealed.

struct State {
    std::string draft;  ///< saved before anything is put into it
    std::int64_t files = 0;
    std::string post;  ///< saved as soon as the network names it
};

State read_state(SavedState const& saved) {
    auto const text = [&](std::string_view name) {
        auto const* member = saved.open.if_contains(name);
        return member && member->is_string() ? std::string{member->get_string()} : std::string{};
    };
    auto const* files = saved.open.if_contains("files");
    return {text("draft"), files && files->is_int64() ? files->get_int64() : 0, text("post")};
}

SavedState write_state(State const& state) {
    SavedState saved;
    saved.open = {{"draft", state.draft}, {"files", state.files}, {"post", state.post}};
    return saved;
}

// --- 4. Requests: each with its effect. Nothing else in this file sends.

Send request(AppView const& app, std::string_view step, std::string method, std::string_view path) {
    auto const* base = app.options.if_contains("api_base");
    Send send;
    send.step = step;
    send.effect = find_step(sandbox_descriptor(), step)->effect;
    send.request = {std::move(method),
                    fmt::format("{}{}",
                                base && base->is_string() ? std::string_view{base->get_string()}
                                                          : "http://sandbox.invalid",
                                path)};
    send.request.credential = Credential::bearer;
    send.buckets = {send.effect == Effect::look ? "looks" : "posts"};
    return send;
}

Send create(JobView const& job) {
    auto send = request(job.app, "create", "POST", "/drafts");
    boost::json::object body{{"text", job.post.caption}, {"files", job.post.media.size()}};
    for (auto const name : {"audience", "tone"})
        if (auto const* value = job.post.options.if_contains(name)) body[name] = *value;
    send.request.headers = {{"Content-Type", "application/json"}};
    send.request.body = boost::json::serialize(body);
    return send;
}

Send put(JobView const& job, State const& state) {
    auto const index = static_cast<std::size_t>(state.files);
    auto send =
        request(job.app, "put", "PUT", fmt::format("/drafts/{}/files/{}", state.draft, index));
    send.request.body = FileRange{index, 0, job.post.media[index].size_bytes};
    send.buckets.clear();
    return send;
}

// The key names the post before it exists: the same key again gives the same post.
Send publish(JobView const& job, State const& state) {
    auto send = request(job.app, "publish", "POST", fmt::format("/drafts/{}/publish", state.draft));
    send.request.headers = {{"Idempotency-Key", job.key}};
    send.handle = state.draft;
    return send;
}

Send ask_state(JobView const& job, State const& state) {
    return request(job.app, "state", "GET", fmt::format("/posts/{}", state.post));
}

Send find(JobView const& job) {
    auto const key = boost::urls::encode(job.key, boost::urls::unreserved_chars);
    return request(job.app, "find", "GET", fmt::format("/posts?key={}", key));
}

// --- 5. Steps, in running order

Action go_on(JobView const& job, State const& state) {
    if (state.draft.empty()) return create(job);
    if (state.files < static_cast<std::int64_t>(job.post.media.size())) return put(job, state);
    return publish(job, state);
}

Action judge(JobView const& job, State state, RemotePost const& post) {
    if (post.state == "refused") return Fail{error_of_word(post.reason), SavedState{}};
    if (post.state != "public") return Wait{2s, WaitReason::network};
    state.post = post.id;
    auto const* audience = job.post.options.if_contains("audience");
    return Finish{
        false,
        {{post.id},
         post.link,
         audience && audience->is_string() ? std::string{audience->get_string()} : "everyone"},
        {},
        write_state(state)};
}

Action after_reply(JobView const& job, State state, Reply const& reply) {
    if (!is_good(reply.http)) {
        auto const error = error_of(reply);
        bool const committed = reply.step == "state" || reply.step == "find";
        // A look that failed says nothing about the post; only the token can be mended from here.
        if (committed && error.code() != "account.token_expired")
            return Wait{error.retry().delay.value_or(5s), WaitReason::network};
        // The draft is gone and was never published: another attempt begins with a new one.
        if (error.code() == "network.upload_expired") return Fail{error, SavedState{}};
        return Fail{error, {}};
    }
    if (reply.step == "whoami") {
        auto const profile = parse_profile(reply.http.body);
        // Half an answer offers nothing, which is not the same as offering nothing.
        if (profile.id.empty()) return Fail{make_error("network.bad_answer"), {}};
        auto const& offered = profile.audiences;
        auto const* wanted = job.post.options.if_contains("audience");
        if (wanted && wanted->is_string() &&
            std::find(offered.begin(), offered.end(), wanted->get_string()) == offered.end())
            return Fail{make_error("approval.lapsed"), {}};
        return go_on(job, state);
    }
    if (reply.step == "create") {
        state = {parse_draft(reply.http.body), 0, {}};
        if (state.draft.empty()) return Fail{make_error("network.bad_answer"), {}};
        // Saved before the first byte: after a crash the same draft is filled, not a second one
        // made.
        return Save{write_state(state)};
    }
    if (reply.step == "put") {
        // 204 is the network's only yes; any other may come from something in between.
        if (reply.http.status != 204)
            return Fail{make_error("network.bad_answer")
                            .with("http_status", std::to_string(reply.http.status))
                            .with_operation("sandbox.put"),
                        {}};
        state.files += 1;
        return Save{write_state(state)};
    }
    if (reply.step == "find") {
        auto const lookup = parse_lookup(reply.http.body);
        if (!lookup.readable) return Wait{5s, WaitReason::network};
        return lookup.post.id.empty() ? go_on(job, state) : judge(job, state, lookup.post);
    }
    auto const post = parse_post(reply.http.body);
    if (reply.step == "state") return judge(job, state, post);
    // A yes to the commit that cannot be read is no yes.
    if (post.id.empty()) return Doubt{make_error("job.outcome_unknown"), 1s};
    state.post = post.id;
    return Save{write_state(state)};
}

// --- 6. The adapter

class Sandbox final : public Adapter {
 public:
    [[nodiscard]] Descriptor const& descriptor() const noexcept override {
        return sandbox_descriptor();
    }

    [[nodiscard]] std::vector<Finding> validate(Post const& post,
                                                AppView const& /*app*/,
                                                CreatorFacts const* facts) const override {
        auto const* wanted = post.options.if_contains("audience");
        if (!facts || !wanted || !wanted->is_string()) return {};
        auto const offered = facts->offered.find("audience");
        if (offered == facts->offered.end()) return {};
        auto const& values = offered->second;
        if (std::find(values.begin(), values.end(), wanted->get_string()) != values.end())
            return {};
        Finding finding;
        finding.code = "option.not_allowed";
        finding.path = "/options/sandbox/audience";
        finding.message = "This audience is not offered to the account now.";
        finding.got = *wanted;
        for (auto const& value : values) finding.allowed.emplace_back(value);
        return {finding};
    }

    [[nodiscard]] FactsAction facts(AccountView const& /*account*/,
                                    AppView const& app,
                                    Instant now,
                                    Answer const& answer) const override {
        auto const* reply = std::get_if<Reply>(&answer);
        if (!reply) return request(app, "whoami", "GET", "/me");
        if (!is_good(reply->http)) return Fail{error_of(*reply), {}};
        auto const profile = parse_profile(reply->http.body);
        if (profile.id.empty()) return Fail{make_error("network.bad_answer"), {}};
        CreatorFacts facts;
        facts.as_of = now;
        facts.handle = profile.handle;
        facts.nickname = profile.name;
        facts.remote_id = profile.id;
        facts.offered["audience"] = profile.audiences;
        return Facts{std::move(facts)};
    }

    [[nodiscard]] Action next(JobView const& job, Answer const& answer) const override {
        auto const state = read_state(job.state);
        if (auto const* reply = std::get_if<Reply>(&answer)) return after_reply(job, state, *reply);
        if (!state.post.empty()) return ask_state(job, state);
        // A publication has left and its answer was lost: look before anything else.
        if (job.intent) return find(job);
        if (std::holds_alternative<Begin>(answer)) return request(job.app, "whoami", "GET", "/me");
        return go_on(job, state);
    }

    // Posts can be listed by key, so presence and absence can both be proved.
    [[nodiscard]] Action reconcile(JobView const& job, Answer const& answer) const override {
        auto state = read_state(job.state);
        auto const* reply = std::get_if<Reply>(&answer);
        if (!reply) return find(job);
        if (!is_good(reply->http)) {
            auto const error = error_of(*reply);
            // The look failed, not the post; only the token can be mended from here.
            if (error.code() == "account.token_expired") return Fail{error, {}};
            return Wait{error.retry().delay.value_or(5s), WaitReason::network};
        }
        auto const lookup = parse_lookup(reply->http.body);
        if (!lookup.readable) return Wait{5s, WaitReason::network};
        if (lookup.post.id.empty())
            return Resume{write_state(state), "no post has this job's key", false};
        if (lookup.post.state == "public" || lookup.post.state == "refused")
            return judge(job, state, lookup.post);
        state.post = lookup.post.id;
        return Resume{write_state(state), "the post exists and is being processed", true};
    }
};

}  // namespace

adapter::Adapter const* sandbox_adapter() {
    static Sandbox const adapter;
    return &adapter;
}

}  // namespace postrider::sandbox
