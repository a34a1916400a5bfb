// postrider-emulator-sandbox: the sandbox network on a loopback port. One request at a time,
// nothing on disk; the ledger is at GET /_ledger, faults are asked for at POST /_fault.
#include "sandbox_network.hpp"

#include <fmt/format.h>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <charconv>
#include <chrono>
#include <cstdio>
#include <limits>
#include <optional>
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

std::string ledger_json(SandboxNetwork const& network) {
    json::array entries;
    for (auto const& entry : network.ledger())
        entries.push_back(json::object{{"id", entry.id},
                                       {"account", entry.account},
                                       {"key", entry.key},
                                       {"text", entry.text},
                                       {"audience", entry.audience},
                                       {"at", postrider::to_rfc3339(entry.at)}});
    return json::serialize(json::object{{"posts", entries}});
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

postrider::Instant now() {
    return std::chrono::floor<postrider::Milliseconds>(std::chrono::system_clock::now());
}

// Nothing when the connection is to be closed without an answer.
std::optional<http::response<http::string_body>> answer(
    SandboxNetwork& network, http::request<http::string_body> const& request) {
    std::string const target{request.target()};
    http::response<http::string_body> response{http::status::ok, request.version()};
    response.set(http::field::content_type, "application/json");
    if (target == "/_ledger") {
        response.body() = ledger_json(network);
    } else if (target == "/_fault") {
        if (!plan_fault(network, request.body())) response.result(http::status::bad_request);
        response.body() = "{}";
    } else {
        postrider::adapter::HttpRequest asked{std::string{request.method_string()}, target};
        for (auto const& field : request)
            asked.headers.emplace_back(std::string{field.name_string()},
                                       std::string{field.value()});
        asked.body = request.body();
        std::string_view token{request[http::field::authorization].data(),
                               request[http::field::authorization].size()};
        if (token.substr(0, 7) == "Bearer ") token.remove_prefix(7);
        auto reply = network.answer(asked, token, now());
        if (reply.lost) return std::nullopt;
        response.result(static_cast<unsigned>(reply.http.status));
        response.body() = std::move(reply.http.body);
    }
    response.keep_alive(request.keep_alive());
    response.prepare_payload();
    return response;
}

asio::awaitable<void> serve(Tcp::socket socket, SandboxNetwork& network) {
    beast::flat_buffer buffer;
    for (;;) {
        http::request_parser<http::string_body> parser;
        parser.body_limit(std::numeric_limits<std::uint32_t>::max());
        boost::system::error_code failed;
        co_await http::async_read(
            socket, buffer, parser, asio::redirect_error(asio::use_awaitable, failed));
        if (failed) co_return;
        auto const response = answer(network, parser.get());
        if (!response) co_return;
        co_await http::async_write(
            socket, *response, asio::redirect_error(asio::use_awaitable, failed));
        if (failed || !response->keep_alive()) co_return;
    }
}

asio::awaitable<void> accept(Tcp::acceptor& acceptor, SandboxNetwork& network) {
    for (;;) {
        auto socket = co_await acceptor.async_accept(asio::use_awaitable);
        auto session = serve(std::move(socket), network);
        asio::co_spawn(acceptor.get_executor(), std::move(session), asio::detached);
    }
}

}  // namespace

int main(int argc, char** argv) {
    std::uint16_t port = 0;
    for (int i = 1; i < argc; ++i) {
        std::string_view const argument = argv[i];
        std::string_view const value = i + 1 < argc ? argv[i + 1] : "";
        auto const read = std::from_chars(value.data(), value.data() + value.size(), port);
        if (argument != "--port" || value.empty() || read.ec != std::errc{}) {
            fmt::print(
                stderr,
                "usage: postrider-emulator-sandbox [--port N]   (0 or none: any free port)\n");
            return 2;
        }
        ++i;
    }
    try {
        asio::io_context context{1};
        Tcp::acceptor acceptor{context, {asio::ip::address_v4::loopback(), port}};
        SandboxNetwork network;
        // Whoever starts the emulator reads the address from the first line.
        fmt::print("{}\n",
                   json::serialize(json::object{
                       {"api_base",
                        fmt::format("http://127.0.0.1:{}", acceptor.local_endpoint().port())}}));
        std::fflush(stdout);
        auto loop = accept(acceptor, network);
        asio::co_spawn(context, std::move(loop), asio::detached);
        context.run();
    } catch (std::exception const& error) {
        fmt::print(stderr, "postrider-emulator-sandbox: {}\n", error.what());
        return 1;
    }
    return 0;
}
