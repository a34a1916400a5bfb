// The sandbox adapter under the conformance kit, over its own network in this process.
#include "emulator/sandbox_network.hpp"
#include "sandbox.hpp"

#include <postrider/conformance/suite.hpp>

#include <gtest/gtest.h>

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iostream>

namespace postrider::sandbox {
namespace {

using conformance::PublicPost;
using namespace std::chrono_literals;

class NetworkTransport final : public core::Transport {
 public:
    NetworkTransport(SandboxNetwork& network, core::Clock& clock)
        : network_(network), clock_(clock) {}

    boost::asio::awaitable<core::TransportReply> send(core::OutgoingRequest request) override {
        adapter::HttpRequest asked(request.method, request.url);
        asked.headers = request.headers;
        if (auto const* text = std::get_if<std::string>(&request.body)) asked.body = *text;
        if (auto const* slice = std::get_if<core::FileSlice>(&request.body))
            asked.body = adapter::FileRange{0, slice->offset, slice->length};
        auto token = adapter::find_header(request.headers, "Authorization");
        if (token.starts_with("Bearer ")) token.remove_prefix(7);
        auto answer = network_.answer(asked, token, clock_.now());
        core::TransportReply reply;
        reply.verdict = answer.lost ? adapter::Verdict::no_reply : adapter::Verdict::replied;
        reply.http = std::move(answer.http);
        if (auto const* slice = std::get_if<core::FileSlice>(&request.body))
            reply.sent_bytes = slice->length;
        co_return reply;
    }

 private:
    SandboxNetwork& network_;
    core::Clock& clock_;
};

class SandboxWorld final : public conformance::World {
 public:
    explicit SandboxWorld(conformance::Stage const& stage) : transport_(network_, stage.clock) {
        network_.set_processing_time(5s);
    }
    core::Transport& transport() override { return transport_; }
    Result<conformance::Login> login() override {
        conformance::Login login;
        login.handle = "@ann";
        login.remote_id = "id-ann";
        login.scopes = {"post"};
        login.tokens = {{"access_token", "ann.access-token"},
                        {"refresh_token", "ann.refresh-token"},
                        {"expires_in", 3600},
                        {"refresh_expires_in", 15'552'000}};
        return login;
    }
    Result<std::vector<PublicPost>> ledger() override {
        std::vector<PublicPost> posts;
        for (auto const& entry : network_.ledger())
            posts.push_back({entry.account, entry.text, {}, entry.id, false});
        return posts;
    }

 private:
    SandboxNetwork network_;
    NetworkTransport transport_;
};

conformance::Sample sample(std::string name, adapter::PostKind kind, int files) {
    conformance::Sample made;
    made.name = std::move(name);
    made.post.kind = kind;
    made.post.caption = "A post for the kit";
    auto const path = std::filesystem::path(testing::TempDir()) /
                      ("conformance_sandbox_" + std::to_string(::getpid()) + ".bin");
    std::ofstream(path, std::ios::binary) << std::string(1'200, 'x');
    for (int i = 0; i < files; ++i) {
        adapter::MediaFacts media;
        media.path = path.string();
        media.size_bytes = 1'200;
        media.kind = kind == adapter::PostKind::video ? "video" : "image";
        made.post.media.push_back(media);
    }
    return made;
}

TEST(SandboxConformance, NothingFails) {
    conformance::Target target;
    target.adapter = sandbox_adapter();
    target.world =
        [](conformance::Stage const& stage) -> Result<std::unique_ptr<conformance::World>> {
        return std::unique_ptr<conformance::World>(std::make_unique<SandboxWorld>(stage));
    };
    target.samples = {sample("text", adapter::PostKind::text, 0),
                      sample("video", adapter::PostKind::video, 1),
                      sample("photos", adapter::PostKind::photo, 2)};
    target.too_many_body = R"({"error":"too_fast","message":"Slow down."})";

    auto const report = conformance::run_suite(target);

    for (auto const& one : report.cases)
        if (one.verdict == conformance::Verdict::failed)
            ADD_FAILURE() << one.name << ": " << one.why;
        else if (one.verdict == conformance::Verdict::skipped)
            std::cout << "skipped " << one.name << ": " << one.why << "\n";
    EXPECT_GT(report.count(conformance::Verdict::passed), 200);
}

}  // namespace
}  // namespace postrider::sandbox
