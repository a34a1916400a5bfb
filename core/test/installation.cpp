// Setting up, and a few lines of HTTP for the emulator's control paths.
#include <postrider/test/installation.hpp>

#include <fmt/format.h>

#include <arpa/inet.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <stdexcept>

namespace postrider::test {

namespace fs = std::filesystem;
namespace json = boost::json;
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

json::value ProgramAnswer::at(std::string_view pointer) const {
    json::value const whole = envelope;
    boost::system::error_code missing;
    auto const* found = whole.find_pointer(pointer, missing);
    return found ? *found : json::value(nullptr);
}

std::string ProgramAnswer::text(std::string_view pointer) const {
    auto const value = at(pointer);
    return value.is_string() ? std::string(value.as_string()) : json::serialize(value);
}

Installation::Installation(Plan plan) : plan_(std::move(plan)) {
    environment_["POSTRIDER_STORE"] = (folder_ / "state/postrider.db").string();
    environment_["POSTRIDER_VAULT_KEY_FILE"] = (folder_ / "state/vault.key").string();
    environment_["POSTRIDER_OUTPUT"] = "json";
    environment_["CI"] = "1";
    fs::create_directories(folder_ / "state");
    if (!plan_.scenario.empty()) write_file(folder_ / "scenario.json", plan_.scenario);
    if (!plan_.faults.empty()) write_file(folder_ / "faults.json", plan_.faults);
    start_emulator();
}

void Installation::start_emulator() {
    auto arguments = command({"emulator", plan_.network, "--listen", listen_});
    if (plan_.emulator_remembers)
        arguments.insert(arguments.end(), {"--state", (folder_ / "state/emulator.state").string()});
    for (auto const* name : {"scenario", "faults"}) {
        auto const file = folder_ / (std::string(name) + ".json");
        if (!fs::exists(file)) continue;
        arguments.push_back(std::string("--") + name);
        arguments.push_back(file.string());
    }
    emulator_ = std::make_unique<Background>(arguments, environment_);
    auto const ready = parsed(emulator_->read_line());
    if (!ready.contains("listening")) throw std::runtime_error("the emulator does not start");
    base_ = std::string(ready.at("listening").as_string());
    listen_ = base_.substr(
        std::string_view("http://").size());  // the same place when it is started again
    connect_ = ready.at("connect").as_object();
}

void Installation::kill_emulator() {
    emulator_->signal(SIGKILL);
    emulator_->wait();
}

json::object Installation::get(std::string const& path) {
    return parsed(http_exchange(
        base_,
        fmt::format("GET {} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n", path)));
}

json::object Installation::post(std::string const& path, std::string const& body) {
    return parsed(
        http_exchange(base_,
                      fmt::format("POST {} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n"
                                  "Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{}",
                                  path,
                                  body.size(),
                                  body)));
}

std::vector<std::string> Installation::command(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), (plan_.build / "bin/postrider").string());
    return arguments;
}

ProgramAnswer Installation::run(std::vector<std::string> arguments,
                                std::string const& input,
                                std::chrono::seconds limit) {
    auto const outcome = run_program(command(std::move(arguments)), input, environment_, limit);
    ProgramAnswer answer;
    answer.exit = outcome.exit;
    answer.err = outcome.err;
    answer.envelope = parsed(outcome.out);
    return answer;
}

ProgramAnswer Installation::must(std::vector<std::string> arguments, std::string const& input) {
    auto const what = fmt::format("{} {}", arguments.front(), arguments.at(1));
    auto answer = run(std::move(arguments), input);
    if (answer.exit != 0)
        throw std::runtime_error(fmt::format("{} ended with {}: {}{}",
                                             what,
                                             answer.exit,
                                             json::serialize(answer.envelope),
                                             answer.err));
    return answer;
}

std::unique_ptr<Background> Installation::start(std::vector<std::string> arguments) {
    return std::make_unique<Background>(command(std::move(arguments)), environment_);
}

void Installation::set_up(std::string_view audited) {
    must({"init", "--person", "maria", "--passphrase-stdin"}, std::string(passphrase) + "\n");
    auto const& app = connect_.at("app add").as_object();
    must({"app",
          "add",
          plan_.network,
          "main",
          "--key",
          std::string(app.at("key").as_string()),
          "--secret-stdin",
          "--audited",
          std::string(audited),
          "--option",
          "api_base=" + base_},
         std::string(app.at("secret").as_string()) + "\n");
    for (auto const& account : connect_.at("accounts").as_array())
        must({"account", "connect", plan_.network, "--token-stdin"},
             json::serialize(account.as_object().at("token")));
}

std::string Installation::approve(std::string const& script) {
    auto const hash = must({"campaign", "plan", script}).text("/data/plan/plan_hash");
    must({"campaign", "apply", script, "--hash", hash});
    must({"approval", "grant", "--person", "maria", "--hash", hash, "--passphrase-stdin"},
         std::string(passphrase) + "\n");
    return hash;
}

std::vector<std::string> Installation::states() {
    auto const list = run({"job", "list", "--limit", "100"});
    std::vector<std::string> states;
    auto const items = list.at("/data/items");
    for (auto const& job : items.as_array())
        states.emplace_back(job.as_object().at("state").as_string());
    return states;
}

void Installation::save() {
    kill_emulator();  // its memory is on disk after each answer
    fs::remove_all(folder_ / "saved");
    fs::copy(folder_ / "state", folder_ / "saved", fs::copy_options::recursive);
    start_emulator();
}

void Installation::restore() {
    kill_emulator();
    fs::remove_all(folder_ / "state");
    fs::copy(folder_ / "saved", folder_ / "state", fs::copy_options::recursive);
    start_emulator();
}

}  // namespace postrider::test
