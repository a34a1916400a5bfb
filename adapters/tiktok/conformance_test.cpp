// The TikTok adapter under the conformance kit, over the emulator's model in this process. Bytes
// are streamed into the model; of the large file, which has none, only the numbers are.
#include "emulator/model/digest.hpp"
#include "emulator/model/model.hpp"
#include "tiktok.hpp"

#include <postrider/conformance/suite.hpp>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <boost/json/array.hpp>

#include <unistd.h>
#include <algorithm>

#include <array>
#include <filesystem>
#include <fstream>
#include <iostream>

namespace postrider::tiktok {
namespace {

namespace json = boost::json;
using conformance::PublicPost;
using conformance::Sample;
using namespace std::chrono_literals;

constexpr char const* base_url = "http://127.0.0.1:7000";
constexpr std::uint64_t real_bytes_max = 1'000'000;

class ModelTransport final : public core::Transport {
 public:
    explicit ModelTransport(emulator::Model& model) : model_(model) {}

    boost::asio::awaitable<core::TransportReply> send(core::OutgoingRequest request) override {
        co_return exchange(request, std::nullopt);
    }

    core::TransportReply exchange(core::OutgoingRequest const& request,
                                  std::optional<std::uint64_t> cut_after) {
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
        feed(start.ticket, *slice, cut_after.value_or(size));
        if (cut_after) {
            model_.abort_put(start.ticket);
            return broken(std::move(reply));
        }
        return answered(std::move(reply), model_.finish_put(start.ticket));
    }

 private:
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

    void feed(emulator::PutTicket ticket, core::FileSlice const& slice, std::uint64_t length) {
        if (slice.file_size > real_bytes_max) {
            model_.feed_stand_in(ticket, static_cast<std::int64_t>(length));
            return;
        }
        std::ifstream file(slice.path, std::ios::binary);
        file.seekg(static_cast<std::streamoff>(slice.offset));
        std::array<char, 256> block{};
        while (length > 0) {
            auto const part = std::min<std::uint64_t>(length, block.size());
            file.read(block.data(), static_cast<std::streamsize>(part));
            model_.feed(ticket, {block.data(), part});
            length -= part;
        }
    }

    emulator::Model& model_;
};

emulator::Scenario scenario() {
    auto made = emulator::Scenario::built_in();
    made.processing = 20s;
    made.pull = 10s;
    made.id_delay = 5s;
    return made;
}

class ModelWorld final : public conformance::World {
 public:
    explicit ModelWorld(conformance::Stage const& stage)
        : model_(scenario(), [clock = &stage.clock] { return clock->now(); }), transport_(model_) {
        model_.set_base_url(base_url);
    }
    core::Transport& transport() override { return transport_; }
    boost::asio::awaitable<core::TransportReply> send_part(core::OutgoingRequest request,
                                                           std::uint64_t bytes) override {
        co_return transport_.exchange(request, bytes);
    }
    Result<conformance::Login> login() override {
        conformance::Login login;
        login.client_id = "emu-app";
        login.client_secret = "emu-secret";
        login.handle = "@acmebakery";
        login.app_options = {
            {"api_base", base_url}, {"authorize_base", base_url}, {"upload_hosts", "127.0.0.1"}};
        login.tokens = model_.connect_token("acmebakery", "emu-app");
        login.remote_id = login.tokens.at("open_id").as_string();
        login.scopes = {"user.info.basic", "video.publish", "video.upload"};
        return login;
    }
    bool shows_inbox() const override { return true; }
    Result<std::vector<PublicPost>> ledger() override {
        model_.settle();
        std::vector<PublicPost> posts;
        for (auto const& entry : model_.ledger().entries()) {
            bool const hashed = entry.source == "FILE_UPLOAD" &&
                                entry.size <= static_cast<std::int64_t>(real_bytes_max);
            posts.push_back({entry.creator,
                             entry.title,
                             hashed ? entry.sha256 : "",
                             std::to_string(entry.post_id),
                             false});
        }
        auto const saved = model_.save();
        constexpr int inbox = 3;  // Phase::inbox
        auto const count = [&](json::value const& publish) {
            if (publish.at("phase").to_number<int>() == inbox)
                posts.push_back({"acmebakery", {}, {}, "draft", true});
        };
        auto const& publishes = saved.at("publishes");
        if (auto const* list = publishes.if_array())
            for (auto const& publish : *list) count(publish);
        else
            for (auto const& publish : publishes.as_object()) count(publish.value());
        return posts;
    }
    std::vector<std::string> violations() override {
        std::vector<std::string> sentences;
        for (auto const& seen : model_.violations())
            sentences.push_back(fmt::format("{} at {}: {}", seen.rule, seen.endpoint, seen.detail));
        return sentences;
    }

 private:
    emulator::Model model_;
    ModelTransport transport_;
};

adapter::MediaFacts video_facts() {
    adapter::MediaFacts media;
    media.kind = "video";
    media.container = "mp4";
    media.mime = "video/mp4";
    media.video_codec = "h264";
    media.width = 720;
    media.height = 1280;
    media.duration_ms = 3'000;
    media.frame_rate = 30;
    return media;
}

Sample video(std::string name, std::uint64_t size) {
    Sample made;
    made.name = std::move(name);
    made.post.caption = "A post for the kit";
    auto media = video_facts();
    // Tests run side by side, each in a process of its own.
    auto const path = std::filesystem::path(testing::TempDir()) /
                      fmt::format("conformance_{}_{}.mp4", ::getpid(), size);
    std::ofstream file(path, std::ios::binary);
    std::string bytes;
    for (std::uint64_t i = 0; i < std::min(size, real_bytes_max); ++i)
        bytes.push_back(static_cast<char>(i * 31 % 251));
    if (size <= real_bytes_max) {
        file << bytes;
        emulator::Sha256 hash;
        hash.update(bytes);
        media.sha256 = "sha256:" + hash.hex();
    }
    file.close();
    std::filesystem::resize_file(path, size);
    media.path = path.string();
    media.size_bytes = size;
    made.post.media = {media};
    made.post.options = {{"privacy_level", "PUBLIC_TO_EVERYONE"},
                         {"allow_comment", true},
                         {"allow_duet", false},
                         {"allow_stitch", false},
                         {"disclosure", "none"}};
    return made;
}

Sample to_inbox(Sample sample, std::string name) {
    sample.name = std::move(name);
    sample.post.deliver = adapter::Deliver::inbox;
    sample.post.options.clear();
    return sample;
}

Sample pulled(Sample sample, std::string name) {
    sample.name = std::move(name);
    auto media = video_facts();
    media.url = "https://media.example/clip.mp4";
    sample.post.media = {media};
    return sample;
}

Sample photos(Sample sample, std::string name) {
    sample.name = std::move(name);
    sample.post.kind = adapter::PostKind::photo;
    sample.post.title = "Bread";
    sample.post.options.erase("allow_duet");
    sample.post.options.erase("allow_stitch");
    if (!sample.post.options.empty()) sample.post.options["auto_add_music"] = false;
    sample.post.media.clear();
    for (int i = 0; i < 2; ++i) {
        adapter::MediaFacts media;
        media.kind = "image";
        media.container = "jpeg";
        media.mime = "image/jpeg";
        media.width = media.height = 1080;
        media.url = fmt::format("https://media.example/bread{}.jpg", i);
        sample.post.media.push_back(media);
    }
    return sample;
}

conformance::Target target(std::vector<Sample> samples) {
    static Tiktok const adapter;
    conformance::Target made;
    made.adapter = &adapter;
    made.world =
        [](conformance::Stage const& stage) -> Result<std::unique_ptr<conformance::World>> {
        return std::unique_ptr<conformance::World>(std::make_unique<ModelWorld>(stage));
    };
    made.samples = std::move(samples);
    made.too_many_body =
        R"({"data":{},"error":{"code":"rate_limit_exceeded","message":"Slow down.","log_id":"1"}})";
    return made;
}

void expect_good(conformance::Target const& tested, int passed_min) {
    auto const report = conformance::run_suite(tested);
    for (auto const& one : report.cases) {
        if (one.verdict == conformance::Verdict::failed)
            ADD_FAILURE() << one.name << ": " << one.why;
        else if (one.verdict == conformance::Verdict::skipped)
            std::cout << "skipped " << one.name << ": " << one.why << "\n";
    }
    EXPECT_GE(report.count(conformance::Verdict::passed), passed_min);
}

TEST(TiktokConformance, DirectVideoInOnePiece) {
    expect_good(target({video("video", 1'100)}), 100);
}

TEST(TiktokConformance, DirectVideoInChunks) {
    auto large = video("video_chunks", 66'000'000);
    large.app_options = {{"chunk_size", 20'000'000}};
    expect_good(target({large}), 100);
}

TEST(TiktokConformance, DraftsInTheInbox) {
    auto const small = video("video", 1'100);
    expect_good(target({to_inbox(small, "video_inbox")}), 100);
}

TEST(TiktokConformance, WhatTheNetworkFetchesItself) {
    auto const small = video("video", 1'100);
    expect_good(target({pulled(small, "video_pull"),
                        photos(small, "photos"),
                        pulled(to_inbox(small, "video_inbox_pull"), "video_inbox_pull"),
                        photos(to_inbox(small, "photos_inbox"), "photos_inbox")}),
                200);
}

}  // namespace
}  // namespace postrider::tiktok
