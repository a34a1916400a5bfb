// The adapter: whoami (look), create (prepare), put (repeat, with a file), publish (commit by
// handle), where (look). Each bug is one line away from what is right.
#include "harbor.hpp"

#include <postrider/catalogue.hpp>

#include <fmt/format.h>
#include <boost/json/parse.hpp>

#include <cstdlib>
#include <map>

namespace postrider::conformance::test {

namespace {

using namespace adapter;
using namespace std::chrono_literals;
namespace json = boost::json;

std::string text(json::object const& object, std::string_view name) {
    auto const* member = object.if_contains(name);
    return member && member->is_string() ? std::string(member->get_string()) : std::string();
}

json::object parsed(HttpReply const& reply) {
    boost::system::error_code bad;
    auto value = json::parse(reply.body, bad);
    return !bad && value.is_object() ? value.as_object() : json::object();
}

Descriptor describe_harbor(Bug bug) {
    Descriptor d;
    d.network = "harbor";
    d.title = "Harbor";
    d.version = "1";
    d.sentence = "A made-up network.";
    d.kinds = {PostKind::text, PostKind::video};
    d.deliver = {Deliver::direct};
    d.text.push_back({"caption", PostKind::text, 500, TextUnit::code_point, true, 0, "made up"});
    d.text.push_back({"caption", PostKind::video, 500, TextUnit::code_point, false, 0, "made up"});
    MediaRules rules;
    rules.source = "made up";
    d.media = {rules};
    BucketSpec things;
    things.name = "things";
    things.size = 30;
    things.source = "made up";
    d.buckets = {things};
    OptionSpec base;
    base.name = "base";
    base.help = "Where it is.";
    base.default_text = "http://harbor.invalid";
    d.app_options = {base};
    d.oauth.base_option = "base";
    d.oauth.token_path = "/token";
    auto const publish =
        bug == Bug::commit_called_repeat ? Effect::repeat : Effect::commit_by_handle;
    d.steps = {{"whoami", Effect::look, "asks who it is"},
               {"create", Effect::prepare, "makes a thing"},
               {"put", Effect::repeat, "fills it"},
               {"publish", publish, "publishes it"},
               {"where", Effect::look, "asks what became of it"},
               {"latest", Effect::look, "asks for the newest thing"}};
    return d;
}

class Harbor final : public Adapter {
 public:
    explicit Harbor(Bug bug) : bug_(bug), descriptor_(describe_harbor(bug)) {}

    Descriptor const& descriptor() const noexcept override { return descriptor_; }
    std::vector<Finding> validate(Post const&, AppView const&, CreatorFacts const*) const override {
        return {};
    }
    FactsAction facts(AccountView const&,
                      AppView const&,
                      Instant now,
                      Answer const& answer) const override {
        auto const* reply = std::get_if<Reply>(&answer);
        if (!reply) return request("whoami", "GET", "whoami");
        if (reply->http.status != 200) return Fail{refusal(*reply), {}};
        CreatorFacts facts;
        facts.as_of = now;
        return Facts{facts};
    }
    Action next(JobView const& job, Answer const& answer) const override;
    Action reconcile(JobView const& job, Answer const& answer) const override;

 private:
    Send request(std::string_view step, std::string method, std::string const& path) const {
        auto const* declared = find_step(descriptor_, step);
        Send send;
        send.step = step;
        send.effect = declared ? declared->effect : Effect::look;
        auto const host = bug_ == Bug::token_to_strangers && step == "where" ? "harbor.example"
                                                                             : "harbor.invalid";
        send.request = HttpRequest(std::move(method), fmt::format("http://{}/{}", host, path));
        send.request.credential = Credential::bearer;
        if (bug_ == Bug::unstable)
            send.request.headers.emplace_back("X-Request", fmt::format("{}", ++calls_));
        return send;
    }
    Error refusal(Reply const& reply) const {
        if (reply.http.status == 401)
            return make_error(bug_ == Bug::refused_token_is_final ? "network.moderation"
                                                                  : "account.token_expired");
        if (reply.http.status == 429)
            return make_error("network.rate_limited").with_retry(Retry::after(60s));
        if (reply.http.status / 100 == 2)
            return make_error("network.bad_answer").with_retry(Retry::backoff());
        return make_error("network.moderation");
    }
    std::string id_of(json::object const& object) const {
        auto const id = text(object, "id");
        if (bug_ != Bug::loses_precision || id.empty()) return id;
        char* end = nullptr;
        auto const number = std::strtod(id.c_str(), &end);
        return *end == '\0' ? fmt::format("{:.0f}", number) : id;
    }
    SavedState state(std::string_view phase, std::string const& id) const {
        SavedState saved;
        saved.open = {{"phase", phase}, {"id", id}};
        saved.sealed = {{"ticket", "ticket-of-" + id}};
        if (bug_ == Bug::secret_in_the_open) saved.open["ticket"] = "ticket-of-" + id;
        return saved;
    }
    Send create(JobView const& job) const {
        auto send = request("create", "POST", "things");
        send.request.body = "say=" + job.post.caption;
        send.buckets = {"things"};
        return send;
    }
    Send publish(std::string const& id) const {
        auto send = request("publish", "POST", "things/" + id + "/publish");
        send.request.body = std::string("{}");
        send.handle = id;
        return send;
    }
    Send where(std::string const& id) const { return request("where", "GET", "things/" + id); }
    Action fill(JobView const& job, std::string const& id) const {
        if (job.post.media.empty()) return publish(id);
        auto send = request("put", "PUT", "things/" + id + "/file");
        send.request.body = FileRange{0, 0, job.post.media.front().size_bytes};
        return send;
    }
    Action judge(std::string const& id, json::object const& seen) const {
        auto const word = text(seen, "state");
        if (word == "public" && bug_ != Bug::never_ends) {
            Finish done;
            done.receipt.remote_ids = {id};
            return done;
        }
        if (word != "working" && word != "public" && bug_ == Bug::new_word_is_failure)
            return Fail{make_error("network.moderation"), SavedState{}};
        return Wait{2s, WaitReason::network};
    }

    Bug bug_;
    Descriptor descriptor_;
    mutable int calls_ = 0;  // only for the bug that this is
};

Action Harbor::next(JobView const& job, Answer const& answer) const {
    auto const phase = text(job.state.open, "phase");
    auto const id = text(job.state.open, "id");
    auto const* reply = std::get_if<Reply>(&answer);
    if (!reply) {
        if (phase == "made" && bug_ == Bug::forgets_handle)
            return request("latest", "GET", "latest");
        if (phase == "made") return fill(job, id);
        if (phase == "filled") return publish(id);
        if (phase == "sent")
            return std::holds_alternative<Saved>(answer) ? Action(Wait{2s, WaitReason::network})
                                                         : where(id);
        return request(bug_ == Bug::undeclared_step ? "hello" : "whoami", "GET", "whoami");
    }
    auto const body = parsed(reply->http);
    bool const good = reply->http.status == 200 && !body.empty();
    if (!good && reply->step == "publish" && reply->http.status == 200 &&
        bug_ != Bug::doubt_is_failure)
        return Doubt{make_error("job.outcome_unknown"), 1s};
    if (!good && reply->step == "where" && reply->http.status == 200)
        return Wait{5s, WaitReason::network};
    if (!good)
        return Fail{refusal(*reply),
                    reply->step == "publish" && reply->http.status == 200
                        ? std::optional<SavedState>(SavedState{})
                        : std::nullopt};
    if (reply->step == "whoami" || reply->step == "hello") return create(job);
    if (reply->step == "create") {
        if (bug_ == Bug::uses_before_saving) return publish(id_of(body));
        return Save{state("made", bug_ == Bug::forgets_handle ? "" : id_of(body))};
    }
    if (reply->step == "latest") return publish(id_of(body));
    if (reply->step == "put") return Save{state("filled", id)};
    if (reply->step == "publish") return Save{state("sent", id_of(body))};
    return judge(id, body);
}

Action Harbor::reconcile(JobView const& job, Answer const& answer) const {
    auto id = text(job.state.open, "id");
    if (id.empty() && job.intent) id = job.intent->handle;
    auto const* reply = std::get_if<Reply>(&answer);
    if (!reply) return bug_ == Bug::reconcile_writes ? publish(id) : where(id);
    auto const body = parsed(reply->http);
    if (reply->http.status == 401) return Fail{make_error("account.token_expired"), {}};
    if (reply->http.status != 200 || body.empty()) return Wait{5s, WaitReason::network};
    auto const word = text(body, "state");
    if (bug_ == Bug::prepares_again) return Resume{SavedState{}, "it must have been lost", false};
    if (word == "empty") return Resume{state("made", id), "it is still empty", false};
    if (word == "filled") return Resume{state("filled", id), "it still waits", false};
    if (word == "working") return Resume{state("sent", id), "it is being worked on", true};
    return judge(id, body);
}

}  // namespace

adapter::Adapter const& harbor_adapter(Bug bug) {
    static std::map<Bug, std::unique_ptr<Harbor>> adapters;
    auto& one = adapters[bug];
    if (!one) one = std::make_unique<Harbor>(bug);
    return *one;
}

}  // namespace postrider::conformance::test
