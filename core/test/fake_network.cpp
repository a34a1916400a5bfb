// The adapters and the server of the fake networks. Answers are `word` or `word:rest`; JSON only
// where core itself parses it.
#include <postrider/test/fake_network.hpp>

#include <postrider/catalogue.hpp>

#include <fmt/format.h>

namespace postrider::test {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using adapter::Action;
using adapter::Answer;
using adapter::Effect;

namespace {

adapter::Send request(
    std::string step, Effect effect, std::string method, std::string path, std::string body = {}) {
    adapter::Send send;
    send.request = adapter::HttpRequest(std::move(method), "http://fake.invalid/" + path);
    send.request.credential = adapter::Credential::bearer;
    if (!body.empty()) send.request.body = std::move(body);
    send.step = std::move(step);
    send.effect = effect;
    return send;
}

Error refusal(adapter::HttpReply const& reply) {
    if (reply.status == 401) return make_error("account.token_expired");
    if (reply.status == 429)
        return make_error("network.rate_limited").with_retry(Retry::after(60s));
    if (reply.body == "banned") return make_error("network.account_banned");
    return make_error("network.moderation", "The network refused: " + reply.body);
}

adapter::Descriptor describe(std::string network, std::vector<adapter::StepSpec> steps) {
    adapter::Descriptor descriptor;
    descriptor.network = std::move(network);
    descriptor.title = "Fake";
    descriptor.version = "1";
    descriptor.kinds = {adapter::PostKind::text};
    descriptor.deliver = {adapter::Deliver::direct};
    descriptor.steps = std::move(steps);
    descriptor.text.push_back(
        {"caption", adapter::PostKind::text, 500, TextUnit::code_point, true, 0, "made up"});
    descriptor.buckets.push_back({"create",
                                  adapter::BucketScope::account,
                                  6,
                                  60s,
                                  adapter::BucketCounts::requests,
                                  adapter::WaitReason::rate,
                                  "made up",
                                  "2026-11-21"});
    descriptor.app_options.push_back({"base",
                                      adapter::OptionType::text,
                                      "where it is",
                                      {},
                                      false,
                                      false,
                                      {},
                                      {},
                                      "http://fake.invalid",
                                      0,
                                      0,
                                      {},
                                      {},
                                      false});
    descriptor.oauth.base_option = "base";
    descriptor.oauth.token_path = "/token";
    return descriptor;
}

class Alpha final : public adapter::Adapter {
 public:
    adapter::Descriptor const& descriptor() const noexcept override {
        static adapter::Descriptor const value =
            describe("alpha",
                     {{"whoami", Effect::look, "who"},
                      {"create", Effect::prepare, "make"},
                      {"put", Effect::repeat, "fill"},
                      {"publish", Effect::commit_by_handle, "go"},
                      {"state", Effect::look, "see"}});
        return value;
    }
    std::vector<Finding> validate(adapter::Post const&,
                                  adapter::AppView const&,
                                  adapter::CreatorFacts const*) const override {
        return {};
    }
    adapter::FactsAction facts(adapter::AccountView const&,
                               adapter::AppView const&,
                               Instant now,
                               Answer const& answer) const override {
        if (auto const* reply = std::get_if<adapter::Reply>(&answer)) {
            if (reply->http.status != 200) return adapter::Fail{refusal(reply->http), {}};
            adapter::Facts facts;
            facts.facts.as_of = now;
            facts.facts.handle = "@ann";
            return facts;
        }
        return request("whoami", Effect::look, "GET", "whoami");
    }
    Action next(adapter::JobView const& job, Answer const& answer) const override {
        auto const phase = text(job.state, "phase");
        auto const id = text(job.state, "id");
        if (auto const* reply = std::get_if<adapter::Reply>(&answer)) {
            if (reply->http.status != 200) {
                if (reply->step == "publish" && reply->http.status != 429 &&
                    reply->http.status != 401)
                    return adapter::Fail{refusal(reply->http), adapter::SavedState{}};
                return adapter::Fail{refusal(reply->http), {}};
            }
            if (reply->step == "whoami") return create(job);
            if (reply->step == "create") {
                if (!reply->http.body.starts_with("id:"))
                    return adapter::Fail{
                        make_error("network.bad_answer").with_retry(Retry::backoff()), {}};
                return save("made", reply->http.body.substr(3));
            }
            if (reply->step == "put") return publish(id);
            if (reply->step == "publish") return save("sent", id);
            return read_state(*reply, id, job);
        }
        if (phase == "made")
            return request("put", Effect::repeat, "PUT", "put/" + id, job.post.caption);
        if (phase == "sent") {
            if (std::holds_alternative<adapter::Saved>(answer))
                return adapter::Wait{2s, adapter::WaitReason::network};
            return request("state", Effect::look, "GET", "state/" + id);
        }
        return request("whoami", Effect::look, "GET", "whoami");
    }
    Action reconcile(adapter::JobView const& job, Answer const& answer) const override {
        auto const id = text(job.state, "id");
        auto const* reply = std::get_if<adapter::Reply>(&answer);
        if (!reply) return request("state", Effect::look, "GET", "state/" + id);
        if (reply->http.status != 200) return adapter::Wait{5s, adapter::WaitReason::network};
        auto const& body = reply->http.body;
        if (body == "empty" || body == "filled")
            return adapter::Resume{save("made", id).state, "the network still waits for it", false};
        if (body == "working")
            return adapter::Resume{save("sent", id).state, "the network has it", true};
        return read_state(*reply, id, job);
    }

 private:
    static std::string text(adapter::SavedState const& state, std::string_view name) {
        auto const* found = state.open.if_contains(name);
        return found ? std::string(found->as_string()) : std::string();
    }
    static adapter::Save save(std::string const& phase, std::string const& id) {
        adapter::Save save;
        save.state.open["phase"] = phase;
        save.state.open["id"] = id;
        save.state.sealed["ticket"] = "secret-of-" + id;
        return save;
    }
    static Action create(adapter::JobView const& job) {
        auto send = request("create", Effect::prepare, "POST", "create", job.post.caption);
        send.buckets = {"create"};
        return send;
    }
    static Action publish(std::string const& id) {
        auto send = request("publish", Effect::commit_by_handle, "POST", "publish/" + id, "go");
        send.handle = id;
        return send;
    }
    static Action read_state(adapter::Reply const& reply,
                             std::string const& id,
                             adapter::JobView const&) {
        auto const& body = reply.http.body;
        if (body == "public") {
            adapter::Finish done;
            done.receipt.remote_ids = {id};
            done.receipt.link = "http://fake.invalid/" + id;
            return done;
        }
        if (body == "refused")
            return adapter::Fail{make_error("network.moderation"), adapter::SavedState{}};
        return adapter::Wait{2s, adapter::WaitReason::network};
    }
};

class Beta final : public adapter::Adapter {
 public:
    adapter::Descriptor const& descriptor() const noexcept override {
        static adapter::Descriptor const value = describe(
            "beta", {{"send", Effect::commit_blind, "say"}, {"find", Effect::look, "search"}});
        return value;
    }
    std::vector<Finding> validate(adapter::Post const&,
                                  adapter::AppView const&,
                                  adapter::CreatorFacts const*) const override {
        return {};
    }
    adapter::FactsAction facts(adapter::AccountView const&,
                               adapter::AppView const&,
                               Instant now,
                               Answer const&) const override {
        adapter::Facts facts;
        facts.facts.as_of = now;
        return facts;
    }
    Action next(adapter::JobView const& job, Answer const& answer) const override {
        if (auto const* reply = std::get_if<adapter::Reply>(&answer)) {
            if (reply->http.status != 200) return adapter::Fail{refusal(reply->http), {}};
            adapter::Finish done;
            done.receipt.remote_ids = {reply->http.body};
            return done;
        }
        return request("send", Effect::commit_blind, "POST", "send", job.post.caption);
    }
    Action reconcile(adapter::JobView const& job, Answer const& answer) const override {
        auto const* reply = std::get_if<adapter::Reply>(&answer);
        if (!reply) return request("find", Effect::look, "GET", "find/" + job.post.caption);
        if (reply->http.status == 200 && reply->http.body.starts_with("found:")) {
            adapter::Finish done;
            done.receipt.remote_ids = {reply->http.body.substr(6)};
            return done;
        }
        return adapter::Wait{30s, adapter::WaitReason::network};  // absence is proof of nothing
    }
};

}  // namespace

adapter::Adapter const& alpha_adapter() {
    static Alpha const adapter;
    return adapter;
}

adapter::Adapter const& beta_adapter() {
    static Beta const adapter;
    return adapter;
}

int FakeNetwork::posts() const {
    int count = 0;
    for (auto const& [id, thing] : things) count += thing.published;
    return count;
}

int FakeNetwork::calls(std::string const& step) const {
    auto found = counts_.find(step);
    return found == counts_.end() ? 0 : found->second;
}

core::TransportReply FakeNetwork::token_endpoint(std::string const& body) {
    core::TransportReply reply;
    reply.verdict = adapter::Verdict::replied;
    reply.http.status = 200;
    if (refuse_app) {
        reply.http.body = R"({"error":"invalid_client","error_description":"no"})";
        return reply;
    }
    if (refuse_refresh || body.find("refresh_token=" + refresh_token) == std::string::npos) {
        reply.http.body = R"({"error":"invalid_grant","error_description":"no"})";
        return reply;
    }
    ++refreshes;
    auto const access = fmt::format("access-{}", refreshes + 1);
    refresh_token = fmt::format("refresh-{}", refreshes + 1);
    good_tokens = {access};
    reply.http.body = fmt::format(
        R"({{"access_token":"{}","refresh_token":"{}","expires_in":7200,"refresh_expires_in":15552000}})",
        access,
        refresh_token);
    return reply;
}

core::TransportReply FakeNetwork::answer(std::string const& step,
                                         std::string const& target,
                                         std::string const& body) {
    core::TransportReply reply;
    reply.verdict = adapter::Verdict::replied;
    reply.http.status = 200;
    auto& thing = things[target];
    if (step == "whoami") {
        things.erase(target);
        reply.http.body = "ann";
    } else if (step == "create" || step == "send") {
        things.erase(target);
        auto const id = fmt::format("t{}", ++next_id_);
        things[id] = Thing{id, body, step == "send", step == "send" ? 1 : 0, clock_.now()};
        reply.http.body = step == "send" ? id : "id:" + id;
    } else if (step == "put") {
        thing.filled = true;
    } else if (step == "publish") {
        if (refuse_content || banned) {
            reply.http.status = 403;
            reply.http.body = banned ? "banned" : "refused";
        } else {
            ++thing.published;
            thing.published_at = clock_.now();
        }
    } else if (step == "state") {
        if (thing.published == 0)
            reply.http.body = thing.filled ? "filled" : "empty";
        else
            reply.http.body =
                never_ends || clock_.now() < thing.published_at + processing ? "working" : "public";
    } else if (step == "find") {
        things.erase(target);
        reply.http.body = "nothing";
        for (auto const& [id, other] : things)
            if (other.text == target && other.published > 0) reply.http.body = "found:" + id;
    }
    return reply;
}

asio::awaitable<core::TransportReply> FakeNetwork::send(core::OutgoingRequest sent) {
    auto const path = sent.url.substr(std::string_view("http://fake.invalid/").size());
    auto const step = path.substr(0, path.find('/'));
    auto const target =
        path.find('/') == std::string::npos ? std::string() : path.substr(path.find('/') + 1);
    auto const body = std::holds_alternative<std::string>(sent.body)
                          ? std::get<std::string>(sent.body)
                          : std::string();
    auto const authorization = std::string(adapter::find_header(sent.headers, "Authorization"));

    int const nth = ++counts_[step];
    auto const planned = faults_.find({step, nth});
    Fault const* fault = planned == faults_.end() ? nullptr : &planned->second;
    log_.push_back({step, authorization, clock_.now(), fault});

    if (arrives) arrives(sent);
    if (says) {
        if (auto said = says(sent)) {
            co_await clock_.sleep(round_trip);
            co_return *said;
        }
    }

    core::TransportReply reply;
    if (fault && *fault == Fault::not_sent) {
        reply.verdict = adapter::Verdict::not_sent;
        reply.failure = "connection refused";
        co_return reply;
    }
    co_await clock_.sleep(round_trip / 2);
    bool const down = down_until && clock_.now() < *down_until;
    bool const known =
        authorization.empty() ||
        good_tokens.count(authorization.substr(std::string_view("Bearer ").size())) > 0;
    bool const effect =
        !down && (!fault || (*fault != Fault::lost_before && *fault != Fault::error_before &&
                             *fault != Fault::too_many && *fault != Fault::token_refused));
    if (effect) {
        if (step == "token") {
            reply = token_endpoint(body);
        } else if (known) {
            reply = answer(step, target, body);
        }
    }
    if (fault && *fault == Fault::hang) {
        co_await clock_.sleep(sent.deadline);
    } else if (fault && *fault == Fault::held) {
        co_await clock_.sleep(std::chrono::minutes(3));
    } else {
        co_await clock_.sleep(round_trip / 2);
    }
    auto status = [&reply, this](int code, std::string text) {
        reply.verdict = adapter::Verdict::replied;
        reply.http = adapter::HttpReply(code, std::move(text));
        if (code >= 500 && !retry_after.empty())
            reply.http.headers.push_back({"Retry-After", retry_after});
    };
    if (!known) status(401, "token");
    if (down) status(503, "down");
    if (fault) {
        switch (*fault) {
            case Fault::lost_before:
            case Fault::lost_after:
            case Fault::hang:
                reply = core::TransportReply();
                reply.verdict = adapter::Verdict::no_reply;
                reply.failure = "connection reset";
                break;
            case Fault::error_before:
            case Fault::error_after:
                status(500, "oops");
                break;
            case Fault::too_many:
                status(429, "slow down");
                break;
            case Fault::token_refused:
                status(401, "token");
                break;
            case Fault::garbage:
                reply.http.body = "<html>";
                break;
            case Fault::held:
                break;
            case Fault::not_sent:
                break;
        }
    }
    co_return reply;
}

}  // namespace postrider::test
