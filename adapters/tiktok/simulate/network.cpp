// The model of the emulator with many creators, for the simulator. Files do not exist: each job's
// has a size of its own, and only sizes are counted.
#include "tiktok/emulator/model/model.hpp"
#include "tiktok/tiktok.hpp"

#include <postrider/simulate/network.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace postrider::tiktok {
namespace {

namespace json = boost::json;
using namespace std::chrono_literals;

constexpr char const* base_url = "http://127.0.0.1:7000";
constexpr std::uint64_t small = 1'000;
constexpr std::uint64_t large = 66'000'000;
constexpr int uploading = 0;  // the emulator's Phase
constexpr int in_inbox = 3;

std::string handle_of(int account) {
    return fmt::format("creator{}", account);
}

// What the creator is known to be offered, so that no choice lapses that was checked beforehand.
void offer(emulator::Creator& creator, adapter::CreatorFacts const& facts) {
    auto const offered = facts.offered.find("privacy_level");
    if (offered != facts.offered.end()) {
        creator.privacy_level_options = offered->second;
        auto const& levels = offered->second;
        creator.private_account =
            std::find(levels.begin(), levels.end(), "PUBLIC_TO_EVERYONE") == levels.end();
    }
    creator.comment_disabled = facts.locked.contains("allow_comment");
    creator.duet_disabled = facts.locked.contains("allow_duet");
    creator.stitch_disabled = facts.locked.contains("allow_stitch");
    auto const longest = facts.limits.find("video_duration_ms");
    if (longest != facts.limits.end())
        creator.max_video_post_duration_sec = longest->second / 1'000;
}

emulator::Scenario scenario(simulate::Setting const& setting) {
    auto made = emulator::Scenario::built_in();
    made.seed = setting.seed;
    made.processing = setting.processing;
    made.pull = setting.processing;
    made.id_delay = 5s;
    made.creators.clear();
    for (int account = 0; account < setting.accounts; ++account) {
        emulator::Creator creator;
        creator.handle = creator.nickname = handle_of(account);
        auto const known = static_cast<std::size_t>(account);
        if (known < setting.facts.size()) offer(creator, setting.facts[known]);
        made.creators.push_back(std::move(creator));
    }
    for (auto& app : made.apps) {
        app.audited = setting.audited;
        if (!setting.audited) app.active_user_cap = 5;
    }
    if (setting.seed % 2 == 0) made.switches.limit_key = "grant";
    if (setting.seed % 3 == 0) made.switches.retry_after = "yes";
    if (setting.seed % 5 == 0) made.switches.progress_header = "none";
    if (setting.seed % 7 == 0) made.switches.empty_members = "present";
    return made;
}

class SimulatedTiktok final : public simulate::Network {
 public:
    explicit SimulatedTiktok(simulate::Setting const& setting)
        : model_(scenario(setting), [now = setting.now] { return now(); }) {
        model_.set_base_url(base_url);
    }

    simulate::AppLogin app() override {
        simulate::AppLogin app;
        app.client_id = "emu-app";
        app.client_secret = "emu-secret";
        app.options = {{"api_base", base_url},
                       {"authorize_base", base_url},
                       {"upload_hosts", "127.0.0.1"},
                       {"chunk_size", 20'000'000}};
        return app;
    }
    simulate::AccountLogin login(int account) override {
        simulate::AccountLogin login;
        login.handle = "@" + handle_of(account);
        login.tokens = model_.connect_token(handle_of(account), "emu-app");
        login.remote_id = login.tokens.at("open_id").as_string();
        login.scopes = {"user.info.basic", "video.publish", "video.upload"};
        return login;
    }
    std::string login_name(int account) const override { return "tiktok:@" + handle_of(account); }

    adapter::Post post(int /*account*/, int job, core::Random& random) override {
        adapter::Post made;
        made.caption = fmt::format("job {}", job);
        made.options = {{"privacy_level", "PUBLIC_TO_EVERYONE"},
                        {"allow_comment", true},
                        {"allow_duet", false},
                        {"allow_stitch", false},
                        {"disclosure", "none"}};
        adapter::MediaFacts media;
        media.kind = "video";
        media.container = "mp4";
        media.mime = "video/mp4";
        media.video_codec = "h264";
        media.width = 720;
        media.height = 1280;
        media.duration_ms = 3'000;
        media.frame_rate = 30;
        auto const shape = random.below(10);
        if (shape == 9) {
            made.kind = adapter::PostKind::photo;
            made.title = fmt::format("job {}", job);
            made.options.erase("allow_duet");
            made.options.erase("allow_stitch");
            made.options["auto_add_music"] = false;
            media = {};
            media.kind = "image";
            media.container = "jpeg";
            media.mime = "image/jpeg";
            media.width = media.height = 1080;
            media.url = fmt::format("https://media.example/job-{}.jpg", job);
        } else if (shape == 8) {
            media.url = fmt::format("https://media.example/job-{}.mp4", job);
        } else {
            media.path = "clip.mp4";
            media.size_bytes = (shape >= 6 ? large : small) + static_cast<std::uint64_t>(job);
        }
        made.media = {media};
        if (auto const way = random.below(8); way == 0) {
            made.deliver = adapter::Deliver::inbox;
            made.options.clear();
        } else if (way == 1) {
            made.deliver = adapter::Deliver::direct_or_inbox;
        }
        return made;
    }

    core::TransportReply answer(core::OutgoingRequest const& request,
                                std::optional<std::uint64_t> cut_after) override {
        emulator::Request asked;
        asked.method = request.method;
        asked.target = request.url.substr(std::string_view(base_url).size());
        asked.headers.push_back({"Host", "127.0.0.1:7000"});
        for (auto const& [name, value] : request.headers) asked.headers.push_back({name, value});
        auto const* slice = std::get_if<core::FileSlice>(&request.body);
        auto const* text = std::get_if<std::string>(&request.body);
        auto const size = slice ? slice->length : text ? text->size() : 0;
        asked.headers.push_back({"Content-Length", std::to_string(size)});
        core::TransportReply reply;
        reply.sent_bytes = cut_after.value_or(size);
        if (cut_after && !slice) return broken(std::move(reply));
        if (!slice) {
            if (text) asked.body = *text;
            return answered(std::move(reply), model_.handle(asked));
        }
        auto const start = model_.begin_put(asked);
        model_.feed_stand_in(start.ticket, static_cast<std::int64_t>(cut_after.value_or(size)));
        if (cut_after) {
            model_.abort_put(start.ticket);
            return broken(std::move(reply));
        }
        return answered(std::move(reply), model_.finish_put(start.ticket));
    }

    void ban(int account, bool banned) override {
        if (auto* creator = model_.creator(handle_of(account))) creator->banned = banned;
    }

    void narrow(int account, bool narrowed) override {
        auto* creator = model_.creator(handle_of(account));
        if (!creator) return;
        creator->privacy_level_options.reset();
        if (narrowed) creator->privacy_level_options = {"SELF_ONLY"};
    }

    std::vector<simulate::FoundPost> ledger() override {
        model_.settle();
        std::vector<simulate::FoundPost> posts;
        for (auto const& entry : model_.ledger().entries())
            posts.push_back({number_in(entry.title, "job "),
                             false,
                             entry.kind == "video" ? entry.title : std::string()});
        auto const saved = model_.save();
        each_publish(saved, [&](json::object const& publish) {
            if (publish.at("phase").to_number<int>() == in_inbox)
                posts.push_back({job_of_draft(publish), true, {}});
        });
        return posts;
    }
    // Members without a value are left out, so an upload of which nothing arrived shows no count.
    bool tells(int job) override {
        if (model_.scenario().switches.empty_members == "present") return true;
        auto const saved = model_.save();
        bool counted = true;
        each_publish(saved, [&](json::object const& publish) {
            if (job_of_draft(publish) != job) return;
            bool const waits = publish.at("phase").to_number<int>() == uploading;
            counted = !(waits && publish.at("stored").to_number<std::int64_t>() == 0);
        });
        return counted;
    }
    std::vector<std::string> violations() override {
        std::vector<std::string> rules;
        for (auto const& seen : model_.violations()) rules.push_back(seen.rule);
        return rules;
    }
    std::string too_many_body() const override {
        return R"({"data":{},"error":{"code":"rate_limit_exceeded","message":"Slow down.","log_id":"1"}})";
    }

 private:
    template <class F>
    static void each_publish(json::object const& saved, F&& visit) {
        auto const& publishes = saved.at("publishes");
        if (auto const* list = publishes.if_array())
            for (auto const& publish : *list) visit(publish.as_object());
        else
            for (auto const& publish : publishes.as_object()) visit(publish.value().as_object());
    }
    static core::TransportReply broken(core::TransportReply reply) {
        reply.verdict = adapter::Verdict::no_reply;
        reply.failure = "connection reset";
        return reply;
    }
    static core::TransportReply answered(core::TransportReply reply, emulator::Reply const& from) {
        reply.verdict = adapter::Verdict::replied;
        reply.http = adapter::HttpReply(from.status, from.body);
        for (auto const& header : from.headers)
            reply.http.headers.emplace_back(header.name, header.value);
        return reply;
    }
    static int number_in(std::string_view text, std::string_view before) {
        int job = -1;
        auto const at = text.find(before);
        if (at == text.npos) return job;
        auto const digits = text.substr(at + before.size());
        std::from_chars(digits.data(), digits.data() + digits.size(), job);
        return job;
    }
    // A draft has no title; its file's size or address says whose it is.
    static int job_of_draft(json::object const& publish) {
        auto const& urls = publish.at("urls").as_array();
        if (!urls.empty()) return number_in(std::string_view(urls.front().as_string()), "/job-");
        auto const size = publish.at("size").to_number<std::uint64_t>();
        return static_cast<int>(size >= large ? size - large : size - small);
    }

    emulator::Model model_;
};

simulate::Registration const known{
    {"tiktok", tiktok_adapter(), [](simulate::Setting const& setting) {
         return std::unique_ptr<simulate::Network>(std::make_unique<SimulatedTiktok>(setting));
     }}};

}  // namespace
}  // namespace postrider::tiktok
