// The network: things that are made, filled and published, and tokens that rotate.
#include "harbor.hpp"

#include <fmt/format.h>
#include <boost/json/serialize.hpp>

#include <map>
#include <set>

namespace postrider::conformance::test {

namespace {

using namespace std::chrono_literals;
namespace json = boost::json;

struct Thing {
    std::string say;
    bool filled = false;
    int published = 0;
    Instant at{};
};

class HarborWorld final : public World, public core::Transport {
 public:
    explicit HarborWorld(Stage const& stage) : clock_(stage.clock) {}

    core::Transport& transport() override { return *this; }
    Result<Login> login() override {
        Login login;
        login.handle = "@ann";
        login.remote_id = "id-ann";
        login.tokens = {{"access_token", "access-token-1"},
                        {"refresh_token", "refresh-token-1"},
                        {"expires_in", 3600}};
        return login;
    }
    Result<std::vector<PublicPost>> ledger() override {
        std::vector<PublicPost> posts;
        for (auto const& [id, thing] : things_)
            for (int i = 0; i < thing.published; ++i)
                posts.push_back({"@ann", thing.say, {}, id, false});
        return posts;
    }
    std::vector<std::string> violations() override { return violations_; }

    boost::asio::awaitable<core::TransportReply> send(core::OutgoingRequest request) override {
        core::TransportReply reply;
        reply.verdict = adapter::Verdict::replied;
        auto const start = request.url.find('/', 8);
        auto [status, object] = answer(request, request.url.substr(start + 1));
        reply.http = adapter::HttpReply(status, json::serialize(object));
        if (auto const* slice = std::get_if<core::FileSlice>(&request.body))
            reply.sent_bytes = slice->length;
        co_return reply;
    }

 private:
    std::pair<int, json::object> answer(core::OutgoingRequest const& request, std::string path) {
        if (path == "token") return {200, fresh_tokens()};
        auto const token = adapter::find_header(request.headers, "Authorization");
        if (!good_tokens_.contains(std::string(token))) return {401, {{"error", "token"}}};
        if (path == "whoami") return {200, {{"handle", "@ann"}}};
        if (path == "things") {
            auto const id = fmt::format("t{}", ++made_);
            things_[id].say = std::get<std::string>(request.body).substr(4);
            return {200, {{"id", id}}};
        }
        if (path == "latest") return {200, {{"id", fmt::format("t{}", made_)}}};
        auto const slash = path.find('/', 7);
        auto const found = things_.find(path.substr(7, slash == path.npos ? slash : slash - 7));
        if (found == things_.end()) {
            violations_.push_back("asked for a thing that is not there");
            return {404, {{"error", "no such thing"}}};
        }
        auto& thing = found->second;
        if (path.ends_with("/file")) thing.filled = true;
        if (path.ends_with("/publish")) {
            ++thing.published;
            thing.at = clock_.now();
        }
        bool const ready = clock_.now() - thing.at > 4s;
        auto const* state = thing.published ? (ready ? "public" : "working")
                            : thing.filled  ? "filled"
                                            : "empty";
        return {200, {{"id", found->first}, {"state", state}}};
    }

    json::object fresh_tokens() {
        ++pairs_;
        good_tokens_.insert(fmt::format("Bearer access-token-{}", pairs_));
        return {{"access_token", fmt::format("access-token-{}", pairs_)},
                {"refresh_token", fmt::format("refresh-token-{}", pairs_)},
                {"expires_in", 3600}};
    }

    VirtualClock& clock_;
    std::map<std::string, Thing> things_;
    std::set<std::string> good_tokens_{"Bearer access-token-1"};
    std::vector<std::string> violations_;
    int made_ = 0;
    int pairs_ = 1;
};

}  // namespace

std::unique_ptr<World> harbor_world(Stage const& stage) {
    return std::make_unique<HarborWorld>(stage);
}

}  // namespace postrider::conformance::test
