// One connection: reading requests, streaming uploads into the model, performing deliveries. The
// only file that knows Beast.
#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <memory>

#include "tiktok/emulator/server/hub.hpp"

namespace postrider::tiktok::emulator {
namespace {

namespace beast = boost::beast;
namespace http = boost::beast::http;
using tcp = asio::ip::tcp;
using Parser = http::request_parser<http::buffer_body>;

// The buffer is reserved at once: Beast would otherwise read in pieces of half a kilobyte.
constexpr std::size_t buffer_size = 256 * 1024;
constexpr std::uint32_t header_size_max = 32 * 1024;
constexpr std::uint64_t api_body_max = 1024 * 1024;
constexpr std::uint64_t upload_body_max = 160'000'000;
constexpr int spread_pieces = 10;
constexpr std::chrono::seconds linger_time{1};

constexpr auto quietly = asio::as_tuple(asio::use_awaitable);

/// What happens to a connection after a request.
enum class Next {
    request,  ///< another one may come
    close,    ///< no more, but the answer has to arrive
    abort,    ///< gone, or to be broken at once
};

std::string write_head(Reply const& reply, bool keep_alive) {
    auto const status = http::int_to_status(static_cast<unsigned>(reply.status));
    auto const reason = http::obsolete_reason(status);
    std::string head = fmt::format("HTTP/1.1 {} {}\r\nContent-Type: {}\r\nContent-Length: {}\r\n",
                                   reply.status,
                                   std::string_view(reason.data(), reason.size()),
                                   reply.content_type,
                                   reply.body.size());
    for (Header const& header : reply.headers) {
        head += fmt::format("{}: {}\r\n", header.name, header.value);
    }
    head += keep_alive ? "\r\n" : "Connection: close\r\n\r\n";
    return head;
}

Reply plain_reply(int status, std::string_view words) {
    Reply reply;
    reply.status = status;
    reply.content_type = "text/plain; charset=utf-8";
    reply.body = words;
    reply.close = true;
    return reply;
}

Request take_head(Parser& parser) {
    Request request;
    auto const& message = parser.get();
    request.method = std::string(message.method_string());
    request.target = std::string(message.target());
    for (auto const& field : message) {
        request.headers.push_back({std::string(field.name_string()), std::string(field.value())});
    }
    return request;
}

/// Breaks a PUT off when its connection or the whole server goes away.
class PutGuard {
 public:
    PutGuard(Hub& hub, PutTicket ticket) : hub_(hub), ticket_(ticket) {}
    ~PutGuard() {
        if (ticket_ != 0) hub_.with([this] { hub_.model->abort_put(ticket_); });
    }
    PutGuard(PutGuard const&) = delete;
    PutGuard& operator=(PutGuard const&) = delete;

    void feed(std::string_view bytes) {
        std::lock_guard const lock(hub_.mutex);
        hub_.model->feed(ticket_, bytes);
    }

    Reply finish() {
        Reply reply = hub_.with([this] { return hub_.model->finish_put(ticket_); });
        ticket_ = 0;
        return reply;
    }

 private:
    Hub& hub_;
    PutTicket ticket_;
};

class Session : public std::enable_shared_from_this<Session> {
 public:
    Session(Hub& hub, tcp::socket socket)
        : hub_(hub),
          socket_(std::move(socket)),
          buffer_(buffer_size + header_size_max),
          block_(buffer_size) {
        buffer_.reserve(buffer_size);
    }

    asio::awaitable<void> run();

 private:
    asio::awaitable<Next> one_request();
    asio::awaitable<Next> serve_api(Parser& parser, Request& request);
    asio::awaitable<Next> serve_upload(Parser& parser, Request& request);
    asio::awaitable<Next> stream(PutGuard& guard, std::uint64_t left, PutStart const& start);
    asio::awaitable<Next> send(Reply& reply, bool keep_alive);
    asio::awaitable<bool> dribble(Reply& reply);
    asio::awaitable<bool> send_continue();
    asio::awaitable<void> linger();

    bool answers_expect() const {
        return hub_.model->scenario().switches.expect_continue == "answer";
    }
    bool from_loopback() const {
        boost::system::error_code error;
        auto const remote = socket_.remote_endpoint(error);
        return !error && remote.address().is_loopback();
    }

    Hub& hub_;
    tcp::socket socket_;
    beast::flat_buffer buffer_;
    std::vector<char> block_;
};

asio::awaitable<void> Session::run() {
    Next next = Next::request;
    while (next == Next::request) {
        next = co_await one_request();
        hub_.rearm();
    }
    if (next == Next::abort) co_return;
    boost::system::error_code ignored;
    socket_.shutdown(tcp::socket::shutdown_send, ignored);
    co_await linger();
}

asio::awaitable<Next> Session::one_request() {
    Parser parser;
    parser.header_limit(header_size_max);
    parser.body_limit(upload_body_max);
    auto [error, size] = co_await http::async_read_header(socket_, buffer_, parser, quietly);
    if (error == http::error::body_limit) {
        Reply reply = plain_reply(413, "the body is too large\n");
        co_return co_await send(reply, false);
    }
    if (error) {
        bool const http_error =
            error.category() == make_error_code(http::error::bad_version).category();
        if (!http_error || error == http::error::end_of_stream ||
            error == http::error::partial_message) {
            co_return Next::abort;
        }
        Reply reply = plain_reply(400, "this is not HTTP\n");
        co_return co_await send(reply, false);
    }
    Request request = take_head(parser);
    if (Model::is_upload(request)) co_return co_await serve_upload(parser, request);
    co_return co_await serve_api(parser, request);
}

asio::awaitable<Next> Session::serve_api(Parser& parser, Request& request) {
    Reply too_large = plain_reply(413, "the body is too large\n");
    bool const announced = parser.content_length() && *parser.content_length() > api_body_max;
    if (announced) co_return co_await send(too_large, false);
    if (request.header("Expect")) {
        bool const sent = co_await send_continue();
        if (!sent) co_return Next::abort;
    }
    while (!parser.is_done()) {
        parser.get().body().data = block_.data();
        parser.get().body().size = block_.size();
        parser.get().body().more = true;
        auto [error, size] = co_await http::async_read(socket_, buffer_, parser, quietly);
        if (error && error != http::error::need_buffer) co_return Next::abort;
        request.body.append(block_.data(), block_.size() - parser.get().body().size);
        if (request.body.size() > api_body_max) co_return co_await send(too_large, false);
    }
    bool const control = request.path().starts_with("/_emulator/");
    if (control && !from_loopback()) {
        Reply reply = plain_reply(403, "only from this machine\n");
        co_return co_await send(reply, false);
    }
    Reply reply = hub_.with([&] { return hub_.model->handle(request); });
    Next const next = co_await send(reply, parser.keep_alive());
    if (control) {
        std::lock_guard const lock(hub_.mutex);
        if (hub_.model->shutdown_asked()) hub_.ask_to_stop();
    }
    co_return next;
}

asio::awaitable<Next> Session::serve_upload(Parser& parser, Request& request) {
    PutStart const start = hub_.with([&] { return hub_.model->begin_put(request); });
    PutGuard guard(hub_, start.ticket);
    // Without a length there is nothing to count by, and the model has refused it already.
    bool const unmeasured = parser.chunked() || !parser.content_length();
    bool const waits = request.header("Expect").has_value();
    if (unmeasured || (waits && start.decided && answers_expect())) {
        Reply reply = guard.finish();
        co_return co_await send(reply, false);
    }
    if (waits && answers_expect()) {
        bool const sent = co_await send_continue();
        if (!sent) co_return Next::abort;
    }
    Next const next = co_await stream(guard, *parser.content_length(), start);
    if (next == Next::abort) co_return Next::abort;
    Reply reply = guard.finish();
    co_return co_await send(reply, parser.keep_alive());
}

asio::awaitable<Next> Session::stream(PutGuard& guard, std::uint64_t left, PutStart const& start) {
    std::int64_t until_drop = start.drop_after_bytes.value_or(0);
    while (left > 0) {
        if (start.drop_after_bytes && until_drop <= 0) co_return Next::abort;
        std::size_t const buffered = std::min<std::uint64_t>(left, buffer_.size());
        if (buffered > 0) {
            guard.feed({static_cast<char const*>(buffer_.data().data()), buffered});
            buffer_.consume(buffered);
            left -= buffered;
            until_drop -= static_cast<std::int64_t>(buffered);
            continue;
        }
        auto const room = asio::buffer(block_.data(), std::min<std::uint64_t>(left, block_.size()));
        auto [error, size] = co_await socket_.async_read_some(room, quietly);
        if (error) co_return Next::abort;
        guard.feed({block_.data(), size});
        left -= size;
        until_drop -= static_cast<std::int64_t>(size);
    }
    co_return start.drop_after_bytes ? Next::abort : Next::request;
}

asio::awaitable<Next> Session::send(Reply& reply, bool keep_alive) {
    keep_alive = keep_alive && !reply.close && reply.delivery == Delivery::whole;
    if (reply.hold.count() > 0) {
        asio::steady_timer pause(hub_.io, reply.hold);
        co_await pause.async_wait(quietly);
    }
    if (reply.delivery == Delivery::drop) co_return Next::abort;
    std::string text = write_head(reply, keep_alive);
    if (reply.delivery == Delivery::cut) {
        text += reply.body.substr(0, reply.body.size() / 2);
    } else if (reply.spread.count() == 0) {
        text += reply.body;
    }
    auto [error, sent] = co_await asio::async_write(socket_, asio::buffer(text), quietly);
    if (error) co_return Next::abort;
    if (reply.spread.count() > 0) {
        bool const whole = co_await dribble(reply);
        if (!whole) co_return Next::abort;
    }
    co_return keep_alive ? Next::request : Next::close;
}

asio::awaitable<bool> Session::dribble(Reply& reply) {
    std::size_t const piece = reply.body.size() / spread_pieces + 1;
    for (std::size_t at = 0; at < reply.body.size(); at += piece) {
        asio::steady_timer pause(hub_.io, reply.spread / spread_pieces);
        co_await pause.async_wait(quietly);
        std::string const part = reply.body.substr(at, piece);
        auto [error, sent] = co_await asio::async_write(socket_, asio::buffer(part), quietly);
        if (error) co_return false;
    }
    co_return true;
}

asio::awaitable<bool> Session::send_continue() {
    static std::string const line = "HTTP/1.1 100 Continue\r\n\r\n";
    auto [error, sent] = co_await asio::async_write(socket_, asio::buffer(line), quietly);
    co_return !error;
}

/// What the client still sends is read for a moment, so that the answer is not lost in a reset.
asio::awaitable<void> Session::linger() {
    asio::steady_timer guard(hub_.io, linger_time);
    auto const self = shared_from_this();
    guard.async_wait([self](boost::system::error_code const& error) {
        boost::system::error_code ignored;
        if (!error) self->socket_.close(ignored);
    });
    for (;;) {
        auto [error, size] = co_await socket_.async_read_some(asio::buffer(block_), quietly);
        if (error) break;
    }
}

asio::awaitable<void> keep_running(std::shared_ptr<Session> session) {
    co_await session->run();
}

}  // namespace

void serve(Hub& hub, tcp::socket socket) {
    auto session = std::make_shared<Session>(hub, std::move(socket));
    asio::co_spawn(hub.io, keep_running(std::move(session)), asio::detached);
}

}  // namespace postrider::tiktok::emulator
