// Setting up, and a few lines of HTTP for the emulator's control paths.
#include "rig.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <arpa/inet.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>
#include <thread>

namespace postrider::end_to_end {

namespace fs = std::filesystem;
namespace json = boost::json;
using namespace std::chrono_literals;

namespace {

std::string http_exchange(std::string const& base, std::string const& request) {
    auto const colon = base.rfind(':');
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(std::stoi(base.substr(colon + 1))));
    ::inet_pton(AF_INET, "127.0.0.1", &address.sin_addr);
    int const fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    std::string answer;
    if (::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0 &&
        ::send(fd, request.data(), request.size(), MSG_NOSIGNAL) ==
            static_cast<ssize_t>(request.size())) {
        char block[65536];
        for (ssize_t got = 0; (got = ::read(fd, block, sizeof block)) > 0;)
            answer.append(block, static_cast<std::size_t>(got));
    }
    ::close(fd);
    auto const body = answer.find("\r\n\r\n");
    return body == std::string::npos ? std::string("{}") : answer.substr(body + 4);
}

json::object parsed(std::string const& text) {
    boost::system::error_code bad;
    auto value = json::parse(text, bad);
    return !bad && value.is_object() ? value.as_object() : json::object{};
}

}  // namespace

json::value Answer::at(std::string_view pointer) const {
    json::value const whole = envelope;
    boost::system::error_code missing;
    auto const* found = whole.find_pointer(pointer, missing);
    return found ? *found : json::value(nullptr);
}

std::string Answer::text(std::string_view pointer) const {
    auto const value = at(pointer);
    return value.is_string() ? std::string(value.as_string()) : json::serialize(value);
}

Rig::Rig(std::string scenario, std::string faults) {
    environment_["POSTRIDER_STORE"] = (folder_ / "state/postrider.db").string();
    environment_["POSTRIDER_VAULT_KEY_FILE"] = (folder_ / "state/vault.key").string();
    environment_["POSTRIDER_OUTPUT"] = "json";
    environment_["CI"] = "1";
    if (!scenario.empty()) test::write_file(folder_ / "scenario.json", scenario);
    if (!faults.empty()) test::write_file(folder_ / "faults.json", faults);
    start_emulator();
}

Rig::~Rig() = default;

void Rig::start_emulator() {
    auto arguments = command({"emulator",
                              "tiktok",
                              "--listen",
                              listen_,
                              "--state",
                              (folder_ / "emulator.state").string()});
    for (auto const* name : {"scenario", "faults"}) {
        auto const file = folder_ / (std::string(name) + ".json");
        if (!fs::exists(file)) continue;
        arguments.push_back(std::string("--") + name);
        arguments.push_back(file.string());
    }
    emulator_ = std::make_unique<test::Background>(arguments, environment_);
    auto const ready = parsed(emulator_->read_line());
    ASSERT_TRUE(ready.contains("listening"));
    base_ = std::string(ready.at("listening").as_string());
    listen_ = base_.substr(
        std::string_view("http://").size());  // the same place when it is started again
    connect_ = ready.at("connect").as_object();
}

void Rig::kill_emulator() {
    emulator_->signal(SIGKILL);
    emulator_->wait();
}

json::object Rig::get(std::string const& path) {
    return parsed(http_exchange(
        base_,
        fmt::format("GET {} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n", path)));
}

json::object Rig::post(std::string const& path, std::string const& body) {
    return parsed(
        http_exchange(base_,
                      fmt::format("POST {} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n"
                                  "Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{}",
                                  path,
                                  body.size(),
                                  body)));
}

bool Rig::uploads_seen(int count) {
    for (int turn = 0; turn < 500; ++turn) {
        int seen = 0;
        for (auto const& request : requests())
            if (request.as_object().at("endpoint").as_string() == "upload") ++seen;
        if (seen >= count) return true;
        std::this_thread::sleep_for(20ms);
    }
    return false;
}

std::vector<std::string> Rig::command(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), std::string(POSTRIDER_BUILD_DIR) + "/bin/postrider");
    return arguments;
}

Answer Rig::run(std::vector<std::string> arguments, std::string const& input) {
    auto const outcome = test::run_program(command(std::move(arguments)), input, environment_);
    Answer answer;
    answer.exit = outcome.exit;
    answer.err = outcome.err;
    answer.envelope = parsed(outcome.out);
    EXPECT_FALSE(answer.envelope.empty()) << outcome.out << outcome.err;
    return answer;
}

std::unique_ptr<test::Background> Rig::start(std::vector<std::string> arguments) {
    return std::make_unique<test::Background>(command(std::move(arguments)), environment_);
}

void Rig::set_up(std::string_view audited) {
    auto must = [](Answer const& answer) {
        ASSERT_EQ(answer.exit, 0) << json::serialize(answer.envelope);
    };
    must(run({"init", "--person", "maria", "--passphrase-stdin"}, std::string(passphrase) + "\n"));
    auto const& app = connect_.at("app add").as_object();
    must(run({"app",
              "add",
              "tiktok",
              "main",
              "--key",
              std::string(app.at("key").as_string()),
              "--secret-stdin",
              "--audited",
              std::string(audited),
              "--option",
              "api_base=" + base_},
             std::string(app.at("secret").as_string()) + "\n"));
    for (auto const& account : connect_.at("accounts").as_array())
        must(run({"account", "connect", "tiktok", "--token-stdin"},
                 json::serialize(account.as_object().at("token"))));
}

void Rig::campaign(std::string_view lua) {
    test::write_file(script(), lua);
    for (auto const& entry :
         fs::directory_iterator(fs::path(POSTRIDER_SOURCE_DIR) / "examples/media"))
        if (entry.path().extension() == ".mp4")
            fs::copy_file(entry.path(),
                          folder_.path() / "campaign" / entry.path().filename(),
                          fs::copy_options::skip_existing);
}

std::string Rig::approve() {
    auto const planned = run({"campaign", "plan", script()});
    EXPECT_EQ(planned.exit, 0) << json::serialize(planned.envelope);
    auto const hash = planned.text("/data/plan/plan_hash");
    auto const applied = run({"campaign", "apply", script(), "--hash", hash});
    EXPECT_EQ(applied.exit, 0) << json::serialize(applied.envelope);
    auto const granted =
        run({"approval", "grant", "--person", "maria", "--hash", hash, "--passphrase-stdin"},
            std::string(passphrase) + "\n");
    EXPECT_EQ(granted.exit, 0) << json::serialize(granted.envelope);
    return hash;
}

std::vector<std::string> Rig::states() {
    auto const list = run({"job", "list", "--limit", "100"});
    std::vector<std::string> states;
    auto const items = list.at("/data/items");
    for (auto const& job : items.as_array())
        states.emplace_back(job.as_object().at("state").as_string());
    return states;
}

std::string one_post(std::string_view media, std::string_view caption) {
    return fmt::format(R"lua(
local postrider = require "postrider" {{ api = 1 }}
return postrider.campaign {{
  name = "one", zone = "Europe/Paris", accounts = {{ "tiktok:@acmebakery" }},
  posts = {{ postrider.post {{
    key = "p1", media = "{}", when = "asap", caption = "{}",
    options = {{ tiktok = {{ privacy_level = "PUBLIC_TO_EVERYONE", allow_comment = true, allow_duet = false,
      allow_stitch = false, disclosure = "none" }} }},
  }} }},
}}
)lua",
                       media,
                       caption);
}

}  // namespace postrider::end_to_end
