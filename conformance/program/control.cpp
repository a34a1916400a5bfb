// Reads what emulators say leniently: members have one of a few names.
#include "control.hpp"

#include <postrider/catalogue.hpp>

#include <fmt/format.h>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <utility>

namespace postrider::conformance {

namespace asio = boost::asio;
namespace json = boost::json;
using namespace std::chrono_literals;

namespace {

asio::awaitable<void> exchange(core::CurlTransport* curl,
                               core::OutgoingRequest request,
                               core::TransportReply* reply) {
    auto sending = std::move(request);
    *reply = co_await curl->send(std::move(sending));
}

}  // namespace

Control::Control(std::string base)
    : base_(std::move(base)), curl_(std::make_unique<core::CurlTransport>(loop_.get_executor())) {}

core::TransportReply Control::send(core::OutgoingRequest request) {
    core::TransportReply reply;
    auto task = exchange(curl_.get(), std::move(request), &reply);
    bool done = false;
    asio::co_spawn(loop_, std::move(task), [&done](std::exception_ptr) { done = true; });
    loop_.restart();
    while (!done && loop_.run_one_for(10s) > 0) {
    }
    return reply;
}

std::string Control::why_silent() {
    core::OutgoingRequest request;
    request.method = "GET";
    request.url = base_ + "/";
    auto const reply = send(std::move(request));
    return reply.verdict == adapter::Verdict::replied ? std::string() : reply.failure;
}

std::optional<json::object> Control::ask(std::string method,
                                         std::string const& path,
                                         std::string body) {
    core::OutgoingRequest request;
    request.method = std::move(method);
    request.url = base_ + path;
    if (!body.empty()) {
        request.body = std::move(body);
        request.headers.emplace_back("Content-Type", "application/json");
    }
    auto const reply = send(std::move(request));
    if (reply.verdict != adapter::Verdict::replied || reply.http.status != 200) return std::nullopt;
    boost::system::error_code bad;
    auto value = json::parse(reply.http.body, bad);
    if (bad || !value.is_object()) return std::nullopt;
    return std::move(value.as_object());
}

Result<std::vector<PublicPost>> Control::ledger() {
    auto const answer = ask("GET", "/_emulator/ledger", {});
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

std::vector<std::string> Control::violations() {
    auto const answer = ask("GET", "/_emulator/violations", {});
    std::vector<std::string> sentences;
    if (!answer) return sentences;
    for (auto const& entry : list_member(*answer, "violations"))
        sentences.push_back(entry.is_object() ? text(entry.as_object(), {"rule"}) + ": " +
                                                    text(entry.as_object(), {"detail"})
                                              : json::serialize(entry));
    return sentences;
}

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

Result<Login> login_of(json::object const& connect) {
    auto const app = object_member(connect, "app add");
    auto const accounts = list_member(connect, "accounts");
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

Error lacks(std::string what) {
    return make_error("setup.helper_missing", std::move(what));
}

}  // namespace postrider::conformance
