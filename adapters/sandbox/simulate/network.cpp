// The sandbox network with many accounts, for the simulator. What it declares of its limits is
// kept here, so that a refusal by rate can be seen.
#include "sandbox/emulator/sandbox_network.hpp"
#include "sandbox/sandbox.hpp"

#include <postrider/simulate/network.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <deque>
#include <map>
#include <set>

namespace postrider::sandbox {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t posts_a_minute = 30;
constexpr std::size_t looks_a_minute = 120;

class SimulatedSandbox final : public simulate::Network {
 public:
    explicit SimulatedSandbox(simulate::Setting setting) : setting_(std::move(setting)) {
        // The adapter asks every two seconds; hours of that would show nothing more.
        network_.set_processing_time(std::min<Milliseconds>(setting_.processing, 1min));
    }

    simulate::AppLogin app() override { return {}; }
    simulate::AccountLogin login(int account) override {
        simulate::AccountLogin login;
        auto const name = fmt::format("a{}", account);
        auto const turn = ++logins_[account];
        login.handle = "@" + name;
        login.remote_id = "id-" + name;
        login.scopes = {"post"};
        login.tokens = {{"access_token", fmt::format("{}.access-token-{}", name, turn)},
                        {"refresh_token", fmt::format("{}.refresh-token-{}", name, turn)},
                        {"expires_in", 3600},
                        {"refresh_expires_in", 15'552'000}};
        return login;
    }
    std::string login_name(int account) const override {
        return fmt::format("sandbox:@a{}", account);
    }

    adapter::Post post(int /*account*/, int job, core::Random& random) override {
        adapter::Post made;
        made.caption = fmt::format("job {}", job);
        made.kind = adapter::PostKind::text;
        auto const files = random.below(3);
        if (files > 0) made.kind = files == 1 ? adapter::PostKind::video : adapter::PostKind::photo;
        for (std::uint64_t i = 0; i < files; ++i) {
            adapter::MediaFacts media;
            media.path = "clip.bin";
            media.kind = files == 1 ? "video" : "image";
            media.size_bytes = 1'200;
            made.media.push_back(std::move(media));
        }
        return made;
    }

    core::TransportReply answer(core::OutgoingRequest const& request,
                                std::optional<std::uint64_t> cut_after) override {
        core::TransportReply reply;
        auto const* slice = std::get_if<core::FileSlice>(&request.body);
        auto const* text = std::get_if<std::string>(&request.body);
        reply.sent_bytes = cut_after.value_or(slice ? slice->length : text ? text->size() : 0);
        if (cut_after) {
            reply.verdict = adapter::Verdict::no_reply;
            reply.failure = "connection reset";
            return reply;
        }
        adapter::HttpRequest asked(request.method, request.url);
        asked.headers = request.headers;
        if (text) asked.body = *text;
        if (slice) asked.body = adapter::FileRange{0, slice->offset, slice->length};
        auto token = adapter::find_header(request.headers, "Authorization");
        if (token.starts_with("Bearer ")) token.remove_prefix(7);
        reply.verdict = adapter::Verdict::replied;
        auto const account = std::string(token.substr(0, token.find('.')));
        bool const looks = request.method == "GET";
        bool const limited = !account.empty() && account != dead_token() && !slice;
        if (limited && !take_place(account + (looks ? " looks" : " posts"),
                                   looks ? looks_a_minute : posts_a_minute)) {
            reply.http = adapter::HttpReply(429, too_many_body());
            return reply;
        }
        if (!looks && !slice && banned_.contains(account)) {
            reply.http = adapter::HttpReply(403, R"({"error":"banned","message":"Not you."})");
            return reply;
        }
        auto answered = network_.answer(asked, token, setting_.now());
        reply.http = std::move(answered.http);
        return reply;
    }

    void ban(int account, bool banned) override {
        auto name = fmt::format("a{}", account);
        if (banned)
            banned_.insert(std::move(name));
        else
            banned_.erase(name);
    }

    std::vector<simulate::FoundPost> ledger() override {
        std::vector<simulate::FoundPost> posts;
        for (auto const& entry : network_.ledger()) {
            simulate::FoundPost post;
            auto const digits = std::string_view(entry.text).substr(4);
            std::from_chars(digits.data(), digits.data() + digits.size(), post.job);
            post.text = entry.text;
            posts.push_back(post);
        }
        return posts;
    }
    std::vector<std::string> violations() override {
        std::vector<std::string> rules;
        for (auto const& seen : network_.violations()) rules.push_back(seen.rule);
        return rules;
    }
    std::string too_many_body() const override {
        return R"({"error":"too_fast","message":"Slow down."})";
    }

 private:
    bool take_place(std::string const& window, std::size_t limit) {
        auto& places = windows_[window];
        auto const now = setting_.now();
        while (!places.empty() && places.front() + 1min <= now) places.pop_front();
        if (places.size() >= limit) return false;
        places.push_back(now);
        return true;
    }

    simulate::Setting setting_;
    SandboxNetwork network_;
    std::map<int, int> logins_;
    std::set<std::string> banned_;
    std::map<std::string, std::deque<Instant>> windows_;
};

simulate::Registration const known{
    {"sandbox", sandbox_adapter(), [](simulate::Setting const& setting) {
         return std::unique_ptr<simulate::Network>(std::make_unique<SimulatedSandbox>(setting));
     }}};

}  // namespace
}  // namespace postrider::sandbox
