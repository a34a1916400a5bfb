// The contract of an emulator: the first line of its output is a JSON object with `listening` and
// `connect`; /_emulator/ledger, /_emulator/violations and /_emulator/clock are under that address.
#include "emulator.hpp"

#include <postrider/catalogue.hpp>
#include <postrider/core/curl_transport.hpp>

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <array>
#include <cstdlib>
#include <optional>
#include <utility>

namespace postrider::conformance {

namespace asio = boost::asio;
namespace json = boost::json;
using namespace std::chrono_literals;

namespace {

constexpr int start_patience_ms = 10'000;

// A running program. It ends with this object.
class Child {
 public:
    explicit Child(std::filesystem::path const& program) {
        std::array<int, 2> ends{};
        if (::pipe2(ends.data(), O_CLOEXEC) != 0) return;
        pid_ = ::fork();
        if (pid_ == 0) {
            ::dup2(ends[1], STDOUT_FILENO);
            auto name = program.string();
            std::array<char*, 2> arguments{name.data(), nullptr};
            ::execv(name.c_str(), arguments.data());
            ::_exit(127);
        }
        ::close(ends[1]);
        out_ = ends[0];
    }
    ~Child() {
        if (out_ >= 0) ::close(out_);
        if (pid_ <= 0) return;
        ::kill(pid_, SIGKILL);  // it holds nothing that is worth keeping
        ::waitpid(pid_, nullptr, 0);
    }
    Child(Child const&) = delete;
    Child& operator=(Child const&) = delete;

    std::string first_line() const {
        std::string line;
        for (char c = 0; out_ >= 0;) {
            pollfd waiting{out_, POLLIN, 0};
            if (::poll(&waiting, 1, start_patience_ms) <= 0 || ::read(out_, &c, 1) != 1) return {};
            if (c == '\n') return line;
            line.push_back(c);
        }
        return line;
    }

 private:
    pid_t pid_ = -1;
    int out_ = -1;
};

asio::awaitable<void> exchange(core::CurlTransport* curl,
                               core::OutgoingRequest request,
                               core::TransportReply* reply) {
    auto sending = std::move(request);
    *reply = co_await curl->send(std::move(sending));
}

// Questions to the emulator that are no part of the case. They block, on a loop of their own.
class Control {
 public:
    explicit Control(std::string base)
        : base_(std::move(base)),
          curl_(std::make_unique<core::CurlTransport>(loop_.get_executor())) {}

    std::optional<json::object> ask(std::string method, std::string const& path, std::string body) {
        core::OutgoingRequest request;
        request.method = std::move(method);
        request.url = base_ + path;
        if (!body.empty()) {
            request.body = std::move(body);
            request.headers.emplace_back("Content-Type", "application/json");
        }
        core::TransportReply reply;
        auto task = exchange(curl_.get(), std::move(request), &reply);
        bool done = false;
        asio::co_spawn(loop_, std::move(task), [&done](std::exception_ptr) { done = true; });
        loop_.restart();
        while (!done && loop_.run_one_for(10s) > 0) {
        }
        if (!done || reply.verdict != adapter::Verdict::replied || reply.http.status != 200)
            return std::nullopt;
        boost::system::error_code bad;
        auto value = json::parse(reply.http.body, bad);
        if (bad || !value.is_object()) return std::nullopt;
        return std::move(value.as_object());
    }

 private:
    std::string base_;
    asio::io_context loop_{1};
    std::unique_ptr<core::CurlTransport> curl_;
};

std::string text(json::object const& object, std::initializer_list<std::string_view> names) {
    for (auto const name : names) {
        auto const* member = object.if_contains(name);
        if (!member) continue;
        if (member->is_string()) return std::string(member->get_string());
        if (member->is_number()) return json::serialize(*member);
    }
    return {};
}

json::object object_member(json::object const& object, std::string_view name) {
    auto const* member = object.if_contains(name);
    return member && member->is_object() ? member->as_object() : json::object();
}

json::array list_member(json::object const& object, std::string_view name) {
    auto const* member = object.if_contains(name);
    return member && member->is_array() ? member->as_array() : json::array();
}

Error lacks(std::string what) {
    return make_error("setup.helper_missing", std::move(what));
}

class EmulatorWorld final : public World, public core::Transport {
 public:
    EmulatorWorld(std::unique_ptr<Child> child,
                  std::string base,
                  json::object connect,
                  Stage const& stage)
        : child_(std::move(child)),
          connect_(std::move(connect)),
          clock_(stage.clock),
          told_(stage.clock.monotonic()),
          control_(std::move(base)),
          curl_(stage.loop.get_executor()) {}

    core::Transport& transport() override { return *this; }

    asio::awaitable<core::TransportReply> send(core::OutgoingRequest request) override {
        push_clock();
        auto const held = clock_.hold();
        auto sending = std::move(request);
        auto reply = co_await curl_.send(std::move(sending));
        co_return reply;
    }

    Result<Login> login() override {
        auto const app = object_member(connect_, "app add");
        auto const accounts = list_member(connect_, "accounts");
        if (app.empty() || accounts.empty() || !accounts.front().is_object())
            return lacks("its first line names no app, or no account");
        auto const& account = accounts.front().as_object();
        Login login;
        login.client_id = text(app, {"key"});
        login.client_secret = text(app, {"secret"});
        auto const* audited = app.if_contains("audited");
        login.audited = !audited || (audited->is_bool() && audited->get_bool());
        login.app_options = object_member(app, "options");
        login.tokens = object_member(account, "token");
        login.handle = "@" + text(account, {"creator", "handle"});
        login.remote_id = text(login.tokens, {"open_id", "id", "user_id"});
        std::string scope;
        for (char const c : text(login.tokens, {"scope"}) + ",") {
            if (c != ',' && c != ' ') {
                scope.push_back(c);
            } else if (!scope.empty()) {
                login.scopes.push_back(std::exchange(scope, {}));
            }
        }
        return login;
    }

    Result<std::vector<PublicPost>> ledger() override {
        push_clock();
        auto const answer = control_.ask("GET", "/_emulator/ledger", {});
        if (!answer) return lacks("it does not answer /_emulator/ledger");
        std::vector<PublicPost> posts;
        for (auto const& entry : list_member(*answer, "posts")) {
            if (!entry.is_object()) continue;
            auto const& post = entry.as_object();
            posts.push_back({text(post, {"creator", "account"}),
                             text(post, {"title", "text", "caption"}),
                             {},
                             text(post, {"post_id", "id"}),
                             false});
        }
        return posts;
    }

    std::vector<std::string> violations() override {
        auto const answer = control_.ask("GET", "/_emulator/violations", {});
        std::vector<std::string> sentences;
        if (!answer) return sentences;
        for (auto const& entry : list_member(*answer, "violations"))
            sentences.push_back(entry.is_object() ? text(entry.as_object(), {"rule"}) + ": " +
                                                        text(entry.as_object(), {"detail"})
                                                  : json::serialize(entry));
        return sentences;
    }

    bool push_clock() {
        auto const by = clock_.monotonic() - std::exchange(told_, clock_.monotonic());
        if (by <= 0ms) return true;
        auto const body = fmt::format("{{\"advance_ms\":{}}}", by.count());
        return control_.ask("POST", "/_emulator/clock", body).has_value();
    }

    /// What the contract asks for and this emulator lacks; empty when it has all.
    std::string missing() {
        if (!control_.ask("GET", "/_emulator/ledger", {})) return "it has no /_emulator/ledger";
        if (!control_.ask("POST", "/_emulator/clock", R"({"advance_ms":1})"))
            return "its clock cannot be pushed forward by /_emulator/clock";
        return {};
    }

 private:
    std::unique_ptr<Child> child_;
    json::object connect_;
    VirtualClock& clock_;
    Milliseconds told_;
    Control control_;
    core::CurlTransport curl_;
};

}  // namespace

Result<std::unique_ptr<World>> start_emulator(std::filesystem::path const& program,
                                              Stage const& stage) {
    auto child = std::make_unique<Child>(program);
    auto const line = child->first_line();
    boost::system::error_code bad;
    auto const hello = json::parse(line, bad);
    if (bad || !hello.is_object())
        return lacks(fmt::format("{} did not say where it listens", program.filename().string()));
    auto const base = text(hello.as_object(), {"listening"});
    auto const connect = object_member(hello.as_object(), "connect");
    if (base.empty() || connect.empty())
        return lacks(fmt::format("the first line of {} lacks `listening` or `connect`",
                                 program.filename().string()));
    auto world = std::make_unique<EmulatorWorld>(std::move(child), base, connect, stage);
    if (auto const what = world->missing(); !what.empty())
        return lacks(fmt::format("{}: {}", program.filename().string(), what));
    return std::unique_ptr<World>(std::move(world));
}

}  // namespace postrider::conformance
