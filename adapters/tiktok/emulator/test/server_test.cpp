// The server over real sockets: framing, keep-alive, Expect, broken connections, spoilt deliveries,
// files.
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <thread>

#include "tiktok/emulator/server/files.hpp"
#include "tiktok/emulator/server/server.hpp"
#include "tiktok/emulator/test/harness.hpp"

namespace postrider::tiktok::emulator {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

/// A connection that says exactly what it is told to.
class Wire {
 public:
    explicit Wire(Server const& server) : handle_(::socket(AF_INET, SOCK_STREAM, 0)) {
        std::string const& url = server.base_url();
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port =
            htons(static_cast<std::uint16_t>(std::stoi(url.substr(url.rfind(':') + 1))));
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        timeval const patience{5, 0};
        ::setsockopt(handle_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
        connected_ =
            ::connect(handle_, reinterpret_cast<sockaddr const*>(&address), sizeof(address)) == 0;
    }
    ~Wire() { ::close(handle_); }
    Wire(Wire const&) = delete;
    Wire& operator=(Wire const&) = delete;

    bool connected() const { return connected_; }

    void say(std::string_view text) {
        while (!text.empty()) {
            auto const sent = ::send(handle_, text.data(), text.size(), MSG_NOSIGNAL);
            if (sent <= 0) return;
            text.remove_prefix(static_cast<std::size_t>(sent));
        }
    }

    /// One answer with its body; shorter when the connection ends, empty when it ended before.
    std::string hear() {
        while (heard_.find("\r\n\r\n") == heard_.npos) {
            if (!more()) return take(heard_.size());
        }
        std::size_t const head = heard_.find("\r\n\r\n") + 4;
        std::size_t length = 0;
        auto const at = heard_.find("Content-Length: ");
        if (at < head) length = static_cast<std::size_t>(std::stoul(heard_.substr(at + 16)));
        while (heard_.size() < head + length) {
            if (!more()) return take(heard_.size());
        }
        return take(head + length);
    }

    bool ended() { return heard_.empty() && !more(); }

 private:
    bool more() {
        char block[4096];
        auto const size = ::recv(handle_, block, sizeof(block), 0);
        if (size <= 0) return false;
        heard_.append(block, static_cast<std::size_t>(size));
        return true;
    }

    std::string take(std::size_t size) {
        std::string out = heard_.substr(0, size);
        heard_.erase(0, size);
        return out;
    }

    int handle_;
    bool connected_ = false;
    std::string heard_;
};

std::string api_call(std::string_view path, std::string const& token, std::string const& body) {
    return fmt::format(
        "POST {} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\n"
        "Content-Type: application/json; charset=UTF-8\r\nContent-Length: {}\r\n\r\n{}",
        path,
        token,
        body.size(),
        body);
}

std::string body_of(std::string const& answer) {
    return answer.substr(answer.find("\r\n\r\n") + 4);
}

struct Running {
    explicit Running(ServerOptions options = {}, Scenario world = Scenario::built_in())
        : server(std::move(world), std::move(options)) {
        server.start();
        token = server.with_model([](Model& model) {
            return std::string(
                model.connect_token("acmebakery", "emu-app").at("access_token").as_string());
        });
    }

    /// Init over the wire; gives the target of the upload.
    std::string init(Post const& wanted = {}) {
        Wire wire(server);
        wire.say(api_call(creator_info_path, token, "{}"));
        wire.hear();
        wire.say(api_call(video_init_path, token, video_body(wanted)));
        json::object const data = parsed(body_of(wire.hear())).at("data").as_object();
        publish_id = data.at("publish_id").as_string().c_str();
        std::string const url = data.at("upload_url").as_string().c_str();
        EXPECT_THAT(url, StartsWith(server.base_url()));
        return url.substr(server.base_url().size());
    }

    std::string put_head(std::string const& target,
                         std::int64_t first,
                         std::int64_t last,
                         std::int64_t total,
                         std::string const& more = "") {
        return fmt::format(
            "PUT {} HTTP/1.1\r\nHost: x\r\nContent-Type: video/mp4\r\nContent-Length: {}\r\n"
            "Content-Range: bytes {}-{}/{}\r\n{}\r\n",
            target,
            last - first + 1,
            first,
            last,
            total,
            more);
    }

    template <class Done>
    bool wait_until(Done done) {
        for (int i = 0; i < 500; ++i) {
            if (server.with_model(done)) return true;
            std::this_thread::sleep_for(std::chrono::milliseconds{10});
        }
        return false;
    }

    Server server;
    std::string token;
    std::string publish_id;
};

std::string temporary(std::string const& name) {
    std::string const path = testing::TempDir() + fmt::format("emulator-{}-{}", ::getpid(), name);
    std::filesystem::remove(path);
    return path;
}

TEST(Server, PublishesAVideoInTwoChunks) {
    Running running;
    std::string const target =
        running.init({.size = 12'000'000, .chunk_size = 6'000'000, .count = 2});
    Wire wire(running.server);
    wire.say(running.put_head(target, 0, 5'999'999, 12'000'000) + std::string(6'000'000, 'a'));
    std::string const stored = wire.hear();
    EXPECT_THAT(stored, StartsWith("HTTP/1.1 206 "));
    EXPECT_THAT(stored, HasSubstr("Content-Range: bytes 0-6000000/12000000\r\n"));
    wire.say(running.put_head(target, 6'000'000, 11'999'999, 12'000'000) +
             std::string(6'000'000, 'b'));
    EXPECT_THAT(wire.hear(), StartsWith("HTTP/1.1 201 "));

    // Nobody asks for the status: the post appears all the same.
    EXPECT_TRUE(
        running.wait_until([](Model& model) { return model.ledger().entries().size() == 1; }));
    running.server.with_model([](Model& model) {
        EXPECT_EQ(model.ledger().entries().front().sha256,
                  sha256_hex(std::string(6'000'000, 'a') + std::string(6'000'000, 'b')));
        EXPECT_THAT(model.violations(), IsEmpty());
    });
}

TEST(Server, KeepsConnectionsAndAnswersPipelinedRequests) {
    Running running;
    Wire wire(running.server);
    wire.say(api_call(creator_info_path, running.token, "{}") +
             api_call(creator_info_path, running.token, "{}"));
    EXPECT_THAT(wire.hear(), StartsWith("HTTP/1.1 200 "));
    EXPECT_THAT(wire.hear(), StartsWith("HTTP/1.1 200 "));
}

TEST(Server, AnswersExpectBeforeTheBody) {
    Running running;
    std::string const target = running.init();
    Wire wire(running.server);
    wire.say(running.put_head(target, 0, 999, 1'000, "Expect: 100-continue\r\n"));
    EXPECT_EQ(wire.hear(), "HTTP/1.1 100 Continue\r\n\r\n");
    wire.say(std::string(1'000, 'v'));
    EXPECT_THAT(wire.hear(), StartsWith("HTTP/1.1 201 "));
}

TEST(Server, RefusesBeforeTheBodyWhenAskedToExpect) {
    Running running;
    Wire wire(running.server);
    wire.say(running.put_head("/video/?upload_id=1", 0, 999, 1'000, "Expect: 100-continue\r\n"));
    std::string const answer = wire.hear();
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 404 "));
    EXPECT_THAT(answer, HasSubstr("Connection: close"));
}

TEST(Server, MayIgnoreExpect) {
    Scenario world = Scenario::built_in();
    world.switches.expect_continue = "ignore";
    Running running({}, world);
    std::string const target = running.init();
    Wire wire(running.server);
    wire.say(running.put_head(target, 0, 999, 1'000, "Expect: 100-continue\r\n"));
    std::this_thread::sleep_for(std::chrono::milliseconds{50});
    wire.say(std::string(1'000, 'v'));
    EXPECT_THAT(wire.hear(), StartsWith("HTTP/1.1 201 "));
}

TEST(Server, ABrokenConnectionStoresNothing) {
    Running running;
    std::string const target = running.init();
    {
        Wire wire(running.server);
        wire.say(running.put_head(target, 0, 999, 1'000) + std::string(500, 'v'));
    }
    EXPECT_TRUE(
        running.wait_until([](Model& model) { return model.count_requests("upload") == 1; }));
    Wire wire(running.server);
    wire.say(api_call(
        status_path, running.token, fmt::format(R"({{"publish_id":"{}"}})", running.publish_id)));
    EXPECT_THAT(wire.hear(), HasSubstr(R"({"status":"PROCESSING_UPLOAD"})"));
}

TEST(Server, RefusesChunkedUploadsAndForeignProtocols) {
    Running running;
    std::string const target = running.init();
    Wire chunked(running.server);
    chunked.say("PUT " + target +
                " HTTP/1.1\r\nHost: x\r\nContent-Type: video/mp4\r\nTransfer-Encoding: chunked\r\n"
                "Content-Range: bytes 0-4/1000\r\n\r\n5\r\nvideo\r\n0\r\n\r\n");
    EXPECT_THAT(chunked.hear(), StartsWith("HTTP/1.1 400 "));
    Wire foreign(running.server);
    foreign.say("SSH-2.0-OpenSSH\r\n\r\n");
    EXPECT_THAT(foreign.hear(), StartsWith("HTTP/1.1 400 "));
    Wire large(running.server);
    large.say("POST /v2/oauth/token/ HTTP/1.1\r\nHost: x\r\nContent-Length: 2000000\r\n\r\n");
    EXPECT_THAT(large.hear(), StartsWith("HTTP/1.1 413 "));
    Wire header(running.server);
    header.say("GET / HTTP/1.1\r\nX: " + std::string(40'000, 'x') + "\r\n\r\n");
    EXPECT_THAT(header.hear(), StartsWith("HTTP/1.1 400 "));
}

TEST(Server, SpoilsDeliveries) {
    Running running({.faults = faults(R"([{"on":"creator_info","nth":1,"do":"drop_after"},
                                          {"on":"creator_info","nth":2,"do":"cut_body"},
                                          {"on":"creator_info","nth":3,"do":"slow_body","ms":100},
                                          {"on":"creator_info","nth":4,"do":"stall","ms":100}])")});
    std::string const call = api_call(creator_info_path, running.token, "{}");
    {
        Wire wire(running.server);
        wire.say(call);
        EXPECT_TRUE(wire.ended());
    }
    {
        Wire wire(running.server);
        wire.say(call);
        std::string const answer = wire.hear();
        auto const at = answer.find("Content-Length: ");
        EXPECT_LT(body_of(answer).size(), std::stoul(answer.substr(at + 16)));
        EXPECT_TRUE(wire.ended());
    }
    for (int i = 0; i < 2; ++i) {
        Wire wire(running.server);
        auto const start = std::chrono::steady_clock::now();
        wire.say(call);
        EXPECT_THAT(wire.hear(), EndsWith("}}"));
        EXPECT_GE(std::chrono::steady_clock::now() - start, std::chrono::milliseconds{90});
    }
}

TEST(Server, BreaksAnUploadOffInTheMiddle) {
    Running running({.faults = faults(R"([{"on":"upload","do":"drop_during","bytes":300000}])")});
    std::string const target = running.init({.size = 1'000'000, .chunk_size = 1'000'000});
    Wire wire(running.server);
    wire.say(running.put_head(target, 0, 999'999, 1'000'000) + std::string(1'000'000, 'v'));
    EXPECT_TRUE(wire.ended());
    running.server.with_model([&](Model& model) {
        EXPECT_EQ(model.requests().back().fault, "drop_during");
        EXPECT_EQ(model.requests().back().status, 0);
    });
}

TEST(Server, WritesTheLedgerAndGoesOnFromItsState) {
    std::string const ledger = temporary("ledger.json");
    std::string const state = temporary("state.json");
    ServerOptions const options{.ledger_file = ledger, .state_file = state};
    std::string target;
    std::string token;
    std::string url;
    {
        Running running(options);
        target = running.init({.size = 12'000'000, .chunk_size = 6'000'000, .count = 2});
        token = running.token;
        url = running.server.base_url();
        Wire wire(running.server);
        wire.say(running.put_head(target, 0, 5'999'999, 12'000'000) + std::string(6'000'000, 'a'));
        EXPECT_THAT(wire.hear(), StartsWith("HTTP/1.1 206 "));
        // As after SIGKILL: whatever is written later does not count.
        std::filesystem::copy_file(state, state + ".killed");
        wire.say(running.put_head(target, 6'000'000, 11'999'999, 12'000'000) +
                 std::string(100, 'b'));
    }
    std::filesystem::rename(state + ".killed", state);

    Running again(options);

    EXPECT_EQ(again.server.base_url(), url);
    EXPECT_EQ(again.token, token);
    Wire wire(again.server);
    wire.say(again.put_head(target, 6'000'000, 11'999'999, 12'000'000) +
             std::string(6'000'000, 'b'));
    EXPECT_THAT(wire.hear(), StartsWith("HTTP/1.1 201 "));
    EXPECT_TRUE(
        again.wait_until([](Model& model) { return model.ledger().entries().size() == 1; }));
    again.server.stop();
    json::object const written = parsed(*read_file(ledger));
    EXPECT_EQ(written.at("count"), 1);
    EXPECT_EQ(written.at("posts").as_array().front().at("sha256").as_string(),
              sha256_hex(std::string(6'000'000, 'a') + std::string(6'000'000, 'b')));
    again.server.with_model([](Model& model) { EXPECT_THAT(model.violations(), IsEmpty()); });
    std::filesystem::remove(ledger);
    std::filesystem::remove(state);
}

TEST(Server, RefusesADamagedState) {
    std::string const state = temporary("damaged.json");
    ASSERT_EQ(write_file(state, "{\"port\":1"), "");
    EXPECT_THROW(Server(Scenario::built_in(), {.state_file = state}), std::runtime_error);
    std::filesystem::remove(state);
}

TEST(Server, RunsItsClockFasterButKeepsItsWordAboutTokens) {
    Scenario world = Scenario::built_in();
    world.processing = Millis{20'000};
    Running running({.time_scale = 1'000}, world);
    std::string const target = running.init();
    Wire wire(running.server);
    wire.say(running.put_head(target, 0, 999, 1'000) + std::string(1'000, 'v'));
    EXPECT_THAT(wire.hear(), StartsWith("HTTP/1.1 201 "));
    EXPECT_TRUE(
        running.wait_until([](Model& model) { return model.ledger().entries().size() == 1; }));
    json::object const token = running.server.with_model(
        [](Model& model) { return *model.mint_token("nova_fr", "emu-app", all_scopes()); });
    EXPECT_EQ(token.at("expires_in"), 7'200);
}

TEST(Server, TellsHowToConnectAndEndsWhenAsked) {
    Running running;
    json::object const ready = running.server.ready();
    EXPECT_EQ(ready.at("listening"), json::value(running.server.base_url()));
    EXPECT_EQ(ready.at("network"), "tiktok");
    json::object const& app = ready.at("connect").at("app add").as_object();
    EXPECT_EQ(app.at("key"), "emu-app");
    EXPECT_EQ(app.at("options").at("upload_hosts"), "127.0.0.1");
    EXPECT_EQ(ready.at("connect").at("accounts").as_array().size(), 3U);
    Wire wire(running.server);
    wire.say("POST /_emulator/shutdown HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n");
    EXPECT_THAT(wire.hear(), HasSubstr(R"({"shutdown":true})"));
    running.server.wait();
    running.server.stop();
    EXPECT_FALSE(Wire(running.server).connected());
}

}  // namespace
}  // namespace postrider::tiktok::emulator
