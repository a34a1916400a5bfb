// A refused request never reaches the wire, so the engine sees what it would see without a network
// and sends nothing in its place.
#include "operations/watched_transport.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/json/parse.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

namespace postrider::cli {

namespace {

namespace json = boost::json;

bool names_secret(std::string const& header) {
    std::string name;
    for (char const c : header)
        name += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    return name == "authorization" || name == "cookie" || name == "proxy-authorization";
}

// `Bearer abc` becomes `Bearer {access_token}`.
std::string masked_credential(std::string const& value) {
    auto const space = value.find(' ');
    if (space == std::string::npos) return "{access_token}";
    return value.substr(0, space) + " {access_token}";
}

// `a=1&b=2` becomes `a={a}&b={b}`.
std::string masked_form(std::string const& body) {
    std::string masked;
    for (std::size_t at = 0; at < body.size();) {
        auto const end = std::min(body.find('&', at), body.size());
        auto const field = body.substr(at, end - at);
        auto const name = field.substr(0, field.find('='));
        masked += (masked.empty() ? "" : "&") + name + "={" + name + "}";
        at = end + 1;
    }
    return masked;
}

json::value shown_body(core::OutgoingRequest const& request) {
    if (auto const* slice = std::get_if<core::FileSlice>(&request.body)) {
        json::object object;
        object["file"] = slice->path.string();
        object["offset"] = slice->offset;
        object["length"] = slice->length;
        return object;
    }
    auto const* text = std::get_if<std::string>(&request.body);
    if (!text) return nullptr;
    if (request.secret_body) return json::string(masked_form(*text));
    json::error_code bad;
    auto value = json::parse(*text, bad);
    if (!bad && value.is_object()) return value;
    return json::string(*text);
}

// The middle of owner/job/fence, where a job sends it.
json::value job_of(std::string const& holder) {
    auto const begin = holder.find('/');
    if (begin == std::string::npos) return nullptr;
    auto const id = holder.substr(begin + 1, holder.rfind('/') - begin - 1);
    if (!id.starts_with("job_")) return nullptr;
    return json::string(id);
}

std::string told(core::OutgoingRequest const& request) {
    return fmt::format("{}{}{} {} ({})",
                       request.account,
                       request.account.empty() ? "" : ": ",
                       request.method,
                       request.secret_url ? "{secret_url}" : request.url,
                       word(request.effect));
}

std::string ending_of(core::TransportReply const& reply) {
    if (reply.verdict == adapter::Verdict::replied) return std::to_string(reply.http.status);
    auto const lost = reply.verdict == adapter::Verdict::no_reply;
    return fmt::format("{}: {}", lost ? "no answer" : "not sent", reply.failure);
}

}  // namespace

json::object shown_request(core::OutgoingRequest const& request) {
    json::object object;
    object["job"] = job_of(request.holder);
    object["account"] = request.account;
    object["effect"] = word(request.effect);
    object["method"] = request.method;
    object["url"] = request.secret_url ? "{secret_url}" : request.url;
    json::object headers;
    for (auto const& [name, value] : request.headers)
        headers[name] = names_secret(name) ? masked_credential(value) : value;
    object["headers"] = std::move(headers);
    object["body"] = shown_body(request);
    return object;
}

WatchedTransport::WatchedTransport(core::Transport& wire,
                                   core::Clock& clock,
                                   bool refuse,
                                   std::function<void(std::string_view)> say)
    : wire_(wire), clock_(clock), refuse_(refuse), say_(std::move(say)) {}

boost::asio::awaitable<core::TransportReply> WatchedTransport::send(core::OutgoingRequest request) {
    auto const line = say_ ? told(request) : std::string();
    if (refuse_ && request.effect != adapter::Effect::look) {
        auto shown = shown_request(request);
        if (std::find(refused_.begin(), refused_.end(), json::value(shown)) == refused_.end())
            refused_.push_back(std::move(shown));
        if (say_) say_(line + ": kept back by the dry run");
        core::TransportReply reply;
        reply.failure = "a dry run sends nothing but looks";
        co_return reply;
    }
    auto const began = clock_.monotonic();
    auto sending = wire_.send(std::move(request));
    auto reply = co_await std::move(sending);
    if (say_) {
        auto const took = std::chrono::duration_cast<Milliseconds>(clock_.monotonic() - began);
        say_(fmt::format("{}: {} in {} ms", line, ending_of(reply), took.count()));
    }
    co_return reply;
}

}  // namespace postrider::cli
