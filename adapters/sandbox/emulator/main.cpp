// postrider-emulator-sandbox: the sandbox network on a loopback port, under the contract that all
// emulators keep (README.md). One thread; nothing on disk but the ledger, if asked for.
#include "sandbox_network.hpp"

#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <limits>
#include <map>
#include <optional>
#include <stdexcept>
#include <utility>

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
namespace json = boost::json;
using postrider::sandbox::Fault;
using postrider::sandbox::SandboxNetwork;
using Tcp = asio::ip::tcp;

constexpr std::pair<std::string_view, Fault> fault_words[] = {
    {"refused_before", Fault::refused_before},
    {"failed_after", Fault::failed_after},
    {"lost_before", Fault::lost_before},
    {"lost_after", Fault::lost_after},
    {"garbled", Fault::garbled},
    {"too_fast", Fault::too_fast},
    {"token_expired", Fault::token_expired},
};

// The network, the clock that may be pushed forward, and the file that shows the ledger.
struct Emulator {
    SandboxNetwork network;
    postrider::Milliseconds advanced{0};
    std::string ledger_file;
    std::size_t written = 0;

    postrider::Instant now() const {
        return std::chrono::floor<postrider::Milliseconds>(std::chrono::system_clock::now()) +
               advanced;
    }
};

json::object ledger_json(SandboxNetwork const& network) {
    json::array posts;
    json::array doubles;
    std::map<std::pair<std::string, std::string>, int> seen;
    for (auto const& entry : network.ledger()) {
        posts.push_back(json::object{{"creator", entry.account},
                                     {"post_id", entry.id},
                                     {"key", entry.key},
                                     {"title", entry.text},
                                     {"audience", entry.audience},
                                     {"published_at", postrider::to_rfc3339(entry.at)}});
        if (++seen[{entry.account, entry.key}] == 2)
            doubles.push_back(json::object{{"creator", entry.account}, {"key", entry.key}});
    }
    return {{"network", "sandbox"},
            {"count", posts.size()},
            {"posts", std::move(posts)},
            {"doubles", std::move(doubles)}};
}

json::object violations_json(SandboxNetwork const& network) {
    json::array list;
    for (auto const& seen : network.violations())
        list.push_back(json::object{{"rule", seen.rule}, {"detail", seen.detail}});
    return {{"count", list.size()}, {"violations", std::move(list)}};
}

// Whoever reads the file at any moment sees a whole document.
void write_ledger(Emulator& emulator) {
    if (emulator.ledger_file.empty()) return;
    auto const beside = emulator.ledger_file + ".new";
    std::ofstream file(beside, std::ios::binary | std::ios::trunc);
    file << json::serialize(ledger_json(emulator.network)) << "\n";
    file.close();
    if (!file) throw std::runtime_error("cannot write " + beside);
    std::filesystem::rename(beside, emulator.ledger_file);
    emulator.written = emulator.network.ledger().size();
}

// {"advance_ms": 3600000}
bool advance_clock(Emulator& emulator, std::string const& body) {
    boost::system::error_code failed;
    auto const value = json::parse(body, failed);
    auto const* by =
        !failed && value.is_object() ? value.get_object().if_contains("advance_ms") : nullptr;
    if (!by || !by->is_int64() || by->get_int64() < 0) return false;
    emulator.advanced += postrider::Milliseconds{by->get_int64()};
    return true;
}

// {"fault": "lost_after", "on": "POST /drafts", "times": 1}
bool plan_fault(SandboxNetwork& network, std::string const& body) {
    boost::system::error_code failed;
    auto const value = json::parse(body, failed);
    if (failed || !value.is_object()) return false;
    auto const* word = value.get_object().if_contains("fault");
    auto const* on = value.get_object().if_contains("on");
    auto const* times = value.get_object().if_contains("times");
    if (!word || !word->is_string() || !on || !on->is_string()) return false;
    for (auto const& [name, fault] : fault_words) {
        if (std::string_view{word->get_string()} != name) continue;
        network.plan_fault(fault,
                           std::string{on->get_string()},
                           times && times->is_int64() ? static_cast<int>(times->get_int64()) : 1);
        return true;
    }
    return false;
}

// The answer to a question that is no part of the network; nothing where there is no such thing.
std::optional<std::string> control(Emulator& emulator,
                                   std::string_view line,
                                   std::string const& body) {
    bool good = true;
    if (line == "GET /_emulator/ledger") return json::serialize(ledger_json(emulator.network));
    if (line == "GET /_emulator/violations")
        return json::serialize(violations_json(emulator.network));
    if (line == "POST /_emulator/clock")
        good = advance_clock(emulator, body);
    else if (line == "POST /_emulator/faults")
        good = plan_fault(emulator.network, body);
    else
        return std::nullopt;
    return good ? std::optional<std::string>{"{}"} : std::nullopt;
}

// Nothing when the connection is to be closed without an answer.
std::optional<http::response<http::string_body>> answer(
    Emulator& emulator, http::request<http::string_body> const& request) {
    std::string const target{request.target()};
    http::response<http::string_body> response{http::status::ok, request.version()};
    response.set(http::field::content_type, "application/json");
    if (target.starts_with("/_emulator/")) {
        auto const line = fmt::format("{} {}", std::string{request.method_string()}, target);
        auto body = control(emulator, line, request.body());
        if (!body) response.result(http::status::bad_request);
        response.body() = std::move(body).value_or("{}");
    } else {
        postrider::adapter::HttpRequest asked{std::string{request.method_string()}, target};
        for (auto const& field : request)
            asked.headers.emplace_back(std::string{field.name_string()},
                                       std::string{field.value()});
        asked.body = request.body();
        std::string_view token{request[http::field::authorization].data(),
                               request[http::field::authorization].size()};
        if (token.substr(0, 7) == "Bearer ") token.remove_prefix(7);
        auto reply = emulator.network.answer(asked, token, emulator.now());
        // On disk before anybody hears of it.
        if (emulator.network.ledger().size() != emulator.written) write_ledger(emulator);
        if (reply.lost) return std::nullopt;
        response.result(static_cast<unsigned>(reply.http.status));
        response.body() = std::move(reply.http.body);
    }
    response.keep_alive(request.keep_alive());
    response.prepare_payload();
    return response;
}

asio::awaitable<void> serve(Tcp::socket socket, Emulator& emulator) {
    beast::flat_buffer buffer;
    for (;;) {
        http::request_parser<http::string_body> parser;
        parser.body_limit(std::numeric_limits<std::uint32_t>::max());
        boost::system::error_code failed;
        co_await http::async_read(
            socket, buffer, parser, asio::redirect_error(asio::use_awaitable, failed));
        if (failed) co_return;
        auto const response = answer(emulator, parser.get());
        if (!response) co_return;
        co_await http::async_write(
            socket, *response, asio::redirect_error(asio::use_awaitable, failed));
        if (failed || !response->keep_alive()) co_return;
    }
}

asio::awaitable<void> accept(Tcp::acceptor& acceptor, Emulator& emulator) {
    for (;;) {
        auto socket = co_await acceptor.async_accept(asio::use_awaitable);
        auto session = serve(std::move(socket), emulator);
        asio::co_spawn(acceptor.get_executor(), std::move(session), asio::detached);
    }
}

Tcp::endpoint endpoint_of(std::string const& listen) {
    auto const colon = listen.rfind(':');
    std::string const port = colon == std::string::npos ? "" : listen.substr(colon + 1);
    std::uint16_t number = 0;
    auto const* end = port.data() + port.size();
    auto const read = std::from_chars(port.data(), end, number);
    boost::system::error_code failed;
    auto const address =
        asio::ip::make_address(listen.substr(0, std::min(colon, listen.size())), failed);
    if (failed || port.empty() || read.ec != std::errc{} || read.ptr != end)
        throw std::invalid_argument(
            fmt::format("--listen {}: expected ADDRESS:PORT, for instance 127.0.0.1:0", listen));
    return {address, number};
}

// Any login exists; these two are named so that a test can connect one without asking.
json::object hello(Tcp::endpoint const& at) {
    auto const base = fmt::format("http://{}:{}", at.address().to_string(), at.port());
    json::array accounts;
    for (std::string const name : {"anna", "ben"})
        accounts.push_back(json::object{{"creator", name},
                                        {"token",
                                         {{"access_token", name + ".0"},
                                          {"refresh_token", name + ".r0"},
                                          {"expires_in", 3600},
                                          {"refresh_expires_in", 15'552'000},
                                          {"id", "id-" + name},
                                          {"scope", "post"}}}});
    json::object const app{{"key", "emu-app"},
                           {"secret", "emu-secret"},
                           {"audited", true},
                           {"options", {{"api_base", base}}}};
    return {{"listening", base},
            {"network", "sandbox"},
            {"connect", {{"app add", app}, {"accounts", std::move(accounts)}}}};
}

}  // namespace

int main(int argc, char** argv) {
    constexpr int exit_usage = 2;
    Emulator emulator;
    std::string listen = "127.0.0.1:0";
    CLI::App app{"The sandbox network behind a port, with a ledger of what became public."};
    app.add_option("--listen", listen, "ADDRESS:PORT; port 0 takes any")->capture_default_str();
    app.add_option("--ledger", emulator.ledger_file, "JSON file to write: everything published");
    try {
        app.parse(argc, argv);
    } catch (CLI::ParseError const& wrong) {
        return app.exit(wrong) == 0 ? 0 : exit_usage;
    }
    try {
        auto const endpoint = endpoint_of(listen);
        asio::io_context context{1};
        Tcp::acceptor acceptor{context, endpoint};
        asio::signal_set signals{context, SIGTERM, SIGINT};
        signals.async_wait([&context](boost::system::error_code, int) { context.stop(); });
        write_ledger(emulator);
        // Whoever starts the emulator reads from the first line how to connect.
        fmt::print("{}\n", json::serialize(hello(acceptor.local_endpoint())));
        std::fflush(stdout);
        auto loop = accept(acceptor, emulator);
        asio::co_spawn(context, std::move(loop), asio::detached);
        context.run();
    } catch (std::invalid_argument const& wrong) {
        fmt::print(stderr, "{}\n", wrong.what());
        return exit_usage;
    } catch (std::exception const& error) {
        fmt::print(stderr, "postrider-emulator-sandbox: {}\n", error.what());
        return 1;
    }
    return 0;
}
