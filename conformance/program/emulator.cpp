// The contract of an emulator: the first line of its output is a JSON object with `listening` and
// `connect`; /_emulator/ledger, /_emulator/violations and /_emulator/clock are under that address.
#include "emulator.hpp"

#include "control.hpp"

#include <postrider/catalogue.hpp>
#include <postrider/core/curl_transport.hpp>

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>
#include <boost/json/parse.hpp>

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

    Result<Login> login() override { return login_of(connect_); }

    Result<std::vector<PublicPost>> ledger() override {
        push_clock();
        return control_.ledger();
    }

    std::vector<std::string> violations() override { return control_.violations(); }

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
