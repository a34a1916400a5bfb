// Connections, bodies and deliveries. What is answered is the model's business; this file performs
// it.
#include "tiktok/emulator/server/server.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <condition_variable>
#include <csignal>
#include <mutex>
#include <stdexcept>
#include <thread>

#include "tiktok/emulator/server/files.hpp"

namespace postrider::tiktok::emulator {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using tcp = asio::ip::tcp;

// The buffer is reserved at once: Beast would otherwise read in pieces of half a kilobyte.
constexpr std::size_t buffer_size = 256 * 1024;
constexpr std::uint32_t header_size_max = 32 * 1024;
constexpr std::uint64_t api_body_max = 1024 * 1024;
constexpr std::uint64_t upload_body_max = 160'000'000;
constexpr int spread_pieces = 10;
constexpr std::size_t ledger_small = 256;
constexpr std::chrono::milliseconds ledger_pause{200};

constexpr auto quietly = asio::as_tuple(asio::use_awaitable);

std::string write_head(Reply const& reply, bool keep_alive) {
    std::string head = fmt::format("HTTP/1.1 {} {}\r\nContent-Type: {}\r\nContent-Length: {}\r\n",
                                   reply.status,
                                   std::string_view(http::obsolete_reason(
                                       http::int_to_status(static_cast<unsigned>(reply.status)))),
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

/// Real time, started at `origin` and running `scale` times as fast; steps of the system's clock do
/// not reach it.
Clock scaled_clock(TimePoint origin, std::int64_t scale) {
    auto const start = std::chrono::steady_clock::now();
    return [origin, scale, start] {
        auto const gone = std::chrono::steady_clock::now() - start;
        return origin + std::chrono::duration_cast<Millis>(gone * scale);
    };
}

/// What happens to a connection after a request.
enum class Next {
    request,  ///< another one may come
    close,    ///< no more, but the answer has to arrive
    abort,    ///< gone, or to be broken at once
};

TimePoint real_now() {
    return std::chrono::floor<Millis>(std::chrono::system_clock::now());
}

}  // namespace

struct Server::Impl {
    Impl(Scenario scenario, ServerOptions the_options) : options(std::move(the_options)) {
        load_state();
        if (!options.clock) options.clock = scaled_clock(clock_origin(), options.time_scale);
        model.emplace(std::move(scenario), options.clock);
        model->set_time_scale(options.time_scale);
        model->set_faults(options.faults);
        if (saved_model) {
            std::string const problem = model->load(*saved_model);
            if (!problem.empty()) {
                throw std::runtime_error(fmt::format("{}: {}", options.state_file, problem));
            }
        }
    }

    void load_state() {
        if (options.state_file.empty()) return;
        auto const text = read_file(options.state_file);
        if (!text) return;
        try {
            json::object const document = parse_object(*text, "the state");
            Fields fields(document, "");
            saved_port = static_cast<std::uint16_t>(fields.need_integer("port", 0, 65'535));
            saved_real = TimePoint{Millis{fields.need_integer("real_ms")}};
            json::object const* inner = fields.object("model");
            if (inner == nullptr) throw SpecError("model is missing");
            saved_model = *inner;
        } catch (SpecError const& error) {
            throw std::runtime_error(fmt::format("{}: {}", options.state_file, error.what()));
        }
    }

    /// A restarted emulator's clock goes on where the old one would be by now.
    TimePoint clock_origin() const {
        if (!saved_model) return real_now();
        auto const* now_ms = saved_model->if_contains("now_ms");
        auto const* offset = saved_model->if_contains("clock_offset_ms");
        if (now_ms == nullptr || offset == nullptr || !now_ms->is_int64() || !offset->is_int64()) {
            return real_now();
        }
        auto const away = std::max(real_now() - saved_real, Millis{0});
        return TimePoint{Millis{now_ms->get_int64() - offset->get_int64()}} +
               away * options.time_scale;
    }

    // --- start and stop ---

    void bind() {
        boost::system::error_code error;
        auto const address = asio::ip::make_address(options.address, error);
        if (error) {
            throw std::runtime_error(fmt::format("{} is not an IP address", options.address));
        }
        std::uint16_t const wanted = options.port != 0 ? options.port : saved_port;
        if (!try_bind({address, wanted}, error) &&
            (options.port != 0 || !try_bind({address, 0}, error))) {
            throw std::runtime_error(fmt::format(
                "cannot listen on {}:{}: {}", options.address, wanted, error.message()));
        }
        auto const local = acceptor.local_endpoint();
        std::string host = local.address().to_string();
        if (local.address().is_v6()) host = fmt::format("[{}]", host);
        base_url = fmt::format("http://{}:{}", host, local.port());
    }

    bool try_bind(tcp::endpoint const& endpoint, boost::system::error_code& error) {
        acceptor.close();
        acceptor.open(endpoint.protocol(), error);
        if (!error) acceptor.set_option(asio::socket_base::reuse_address(true), error);
        if (!error) acceptor.bind(endpoint, error);
        if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
        return !error;
    }

    void ask_to_stop() {
        std::lock_guard const lock(wait_mutex);
        stop_asked = true;
        wait_condition.notify_all();
    }

    // --- the model, with everything that follows from a change ---

    template <class F>
    auto with(F f) {
        std::lock_guard const lock(mutex);
        if constexpr (std::is_void_v<std::invoke_result_t<F>>) {
            f();
            flush(false);
        } else {
            auto result = f();
            flush(false);
            return result;
        }
    }

    /// Writes what has changed. The state goes to its file before the answer goes to the client.
    void flush(bool everything) {
        if (!options.state_file.empty() && state_written != model->revision()) {
            std::uint64_t const revision = model->revision();
            json::object const document{{"port", acceptor_port()},
                                        {"real_ms", real_now().time_since_epoch().count()},
                                        {"model", model->save()}};
            complain(write_file(options.state_file, json::serialize(document)));
            state_written = revision;
        }
        if (options.ledger_file.empty() || ledger_written == model->ledger().revision()) return;
        auto const now = std::chrono::steady_clock::now();
        bool const small = model->ledger().entries().size() <= ledger_small;
        // A long ledger is not written again for each post; the timer below brings the rest.
        if (!everything && !small && now - ledger_time < ledger_pause) return;
        complain(write_file(options.ledger_file, json::serialize(model->ledger().write()) + "\n"));
        ledger_written = model->ledger().revision();
        ledger_time = now;
    }

    std::uint16_t acceptor_port() const {
        boost::system::error_code error;
        auto const local = acceptor.local_endpoint(error);
        return error ? saved_port : local.port();
    }

    void complain(std::string const& problem) {
        if (!problem.empty()) fmt::print(stderr, "emulator: {}\n", problem);
    }

    // --- what happens without requests ---

    void rearm() {
        std::optional<TimePoint> next;
        TimePoint now{};
        bool unwritten = false;
        {
            std::lock_guard const lock(mutex);
            next = model->next_event();
            now = model->now();
            unwritten =
                !options.ledger_file.empty() && ledger_written != model->ledger().revision();
        }
        if (!next && !unwritten) return;
        // Never long: the clock may be a test's, which jumps.
        Millis delay{250};
        if (next) delay = std::clamp((*next - now) / options.time_scale, Millis{1}, delay);
        timer.expires_after(delay);
        timer.async_wait([this](boost::system::error_code const& error) {
            if (error) return;
            with([this] { model->settle(); });
            rearm();
        });
    }

    // --- connections ---

    asio::awaitable<void> accept_all() {
        for (;;) {
            auto [error, socket] = co_await acceptor.async_accept(quietly);
            if (error == asio::error::operation_aborted) co_return;
            if (error) continue;
            boost::system::error_code ignored;
            socket.set_option(tcp::no_delay(true), ignored);
            asio::co_spawn(io, serve(std::move(socket)), asio::detached);
        }
    }

    asio::awaitable<Next> send(tcp::socket& socket, Reply& reply, bool keep_alive) {
        keep_alive = keep_alive && !reply.close && reply.delivery == Delivery::whole;
        if (reply.hold.count() > 0) {
            asio::steady_timer pause(io, reply.hold);
            co_await pause.async_wait(quietly);
        }
        if (reply.delivery == Delivery::drop) co_return Next::abort;
        std::string text = write_head(reply, keep_alive);
        if (reply.delivery == Delivery::cut) {
            text += reply.body.substr(0, reply.body.size() / 2);
        } else if (reply.spread.count() == 0) {
            text += reply.body;
        }
        auto [error, sent] = co_await asio::async_write(socket, asio::buffer(text), quietly);
        if (error) co_return Next::abort;
        if (reply.spread.count() > 0) {
            bool const whole = co_await dribble(socket, reply);
            if (!whole) co_return Next::abort;
        }
        co_return keep_alive ? Next::request : Next::close;
    }

    asio::awaitable<bool> dribble(tcp::socket& socket, Reply& reply) {
        std::size_t const piece = reply.body.size() / spread_pieces + 1;
        for (std::size_t at = 0; at < reply.body.size(); at += piece) {
            asio::steady_timer pause(io, reply.spread / spread_pieces);
            co_await pause.async_wait(quietly);
            std::string const part = reply.body.substr(at, piece);
            auto [error, sent] = co_await asio::async_write(socket, asio::buffer(part), quietly);
            if (error) co_return false;
        }
        co_return true;
    }

    asio::awaitable<void> serve(tcp::socket socket) {
        beast::flat_buffer buffer(buffer_size + header_size_max);
        buffer.reserve(buffer_size);
        std::vector<char> block(buffer_size);
        Next next = Next::close;
        for (;;) {
            http::request_parser<http::buffer_body> parser;
            parser.header_limit(header_size_max);
            parser.body_limit(upload_body_max);
            auto [error, size] = co_await http::async_read_header(socket, buffer, parser, quietly);
            if (error == http::error::body_limit) {
                next = Next::close;
                Reply reply = plain_reply(413, "the body is too large\n");
                co_await send(socket, reply, false);
                break;
            }
            if (error) {
                bool const foreign =
                    error != http::error::end_of_stream &&
                    error.category() == make_error_code(http::error::bad_version).category();
                next = Next::abort;
                if (foreign) {
                    next = Next::close;
                    Reply reply = plain_reply(400, "this is not HTTP\n");
                    co_await send(socket, reply, false);
                }
                break;
            }
            Request request = take_head(parser);
            bool const stays = parser.keep_alive();
            if (Model::is_upload(request)) {
                next = co_await serve_upload(socket, buffer, block, parser, request, stays);
            } else {
                next = co_await serve_api(socket, buffer, block, parser, request, stays);
            }
            rearm();
            if (next != Next::request) break;
        }
        if (next == Next::abort) co_return;
        boost::system::error_code ignored;
        socket.shutdown(tcp::socket::shutdown_send, ignored);
        // What the client still sends is read for a moment, so that the answer is not lost in a
        // reset.
        co_await linger(socket, block);
    }

    asio::awaitable<void> linger(tcp::socket& socket, std::vector<char>& block) {
        auto const until = std::chrono::steady_clock::now() + std::chrono::seconds{1};
        std::uint64_t left = upload_body_max;
        asio::steady_timer guard(io, std::chrono::seconds{1});
        guard.async_wait([&socket](boost::system::error_code const& error) {
            boost::system::error_code ignored;
            if (!error) socket.cancel(ignored);
        });
        while (left > 0 && std::chrono::steady_clock::now() < until) {
            auto [error, size] = co_await socket.async_read_some(asio::buffer(block), quietly);
            if (error) break;
            left -= std::min<std::uint64_t>(left, size);
        }
    }

    static Request take_head(http::request_parser<http::buffer_body>& parser) {
        Request request;
        auto const& message = parser.get();
        request.method = std::string(message.method_string());
        request.target = std::string(message.target());
        for (auto const& field : message) {
            request.headers.push_back(
                {std::string(field.name_string()), std::string(field.value())});
        }
        return request;
    }

    bool answers_expect() const { return model->scenario().switches.expect_continue == "answer"; }

    asio::awaitable<bool> send_continue(tcp::socket& socket) {
        static std::string const line = "HTTP/1.1 100 Continue\r\n\r\n";
        auto [error, sent] = co_await asio::async_write(socket, asio::buffer(line), quietly);
        co_return !error;
    }

    asio::awaitable<Next> serve_api(tcp::socket& socket,
                                    beast::flat_buffer& buffer,
                                    std::vector<char>& block,
                                    http::request_parser<http::buffer_body>& parser,
                                    Request& request,
                                    bool stays) {
        Reply too_large = plain_reply(413, "the body is too large\n");
        bool const announced = parser.content_length() && *parser.content_length() > api_body_max;
        if (announced) co_return co_await send(socket, too_large, false);
        if (request.header("Expect")) {
            bool const sent = co_await send_continue(socket);
            if (!sent) co_return Next::abort;
        }
        while (!parser.is_done()) {
            parser.get().body().data = block.data();
            parser.get().body().size = block.size();
            parser.get().body().more = true;
            auto [error, size] = co_await http::async_read(socket, buffer, parser, quietly);
            if (error && error != http::error::need_buffer) co_return Next::abort;
            request.body.append(block.data(), block.size() - parser.get().body().size);
            if (request.body.size() > api_body_max)
                co_return co_await send(socket, too_large, false);
        }
        Reply reply;
        bool shutdown = false;
        if (request.path().starts_with("/_emulator/") && !from_loopback(socket)) {
            reply = plain_reply(403, "only from this machine\n");
        } else {
            reply = with([&] { return model->handle(request); });
            std::lock_guard const lock(mutex);
            shutdown = model->shutdown_asked();
        }
        Next const next = co_await send(socket, reply, stays);
        if (shutdown) ask_to_stop();
        co_return next;
    }

    static bool from_loopback(tcp::socket const& socket) {
        boost::system::error_code error;
        auto const remote = socket.remote_endpoint(error);
        return !error && remote.address().is_loopback();
    }

    /// Breaks a PUT off when its connection or the whole server goes away.
    struct PutGuard {
        PutGuard(Impl& the_impl, PutTicket the_ticket) : impl(the_impl), ticket(the_ticket) {}
        ~PutGuard() {
            if (ticket != 0) impl.with([this] { impl.model->abort_put(ticket); });
        }
        PutGuard(PutGuard const&) = delete;
        PutGuard& operator=(PutGuard const&) = delete;

        Reply finish() {
            Reply reply = impl.with([this] { return impl.model->finish_put(ticket); });
            ticket = 0;
            return reply;
        }

        Impl& impl;
        PutTicket ticket;
    };

    asio::awaitable<Next> serve_upload(tcp::socket& socket,
                                       beast::flat_buffer& buffer,
                                       std::vector<char>& block,
                                       http::request_parser<http::buffer_body>& parser,
                                       Request& request,
                                       bool stays) {
        PutStart const start = with([&] { return model->begin_put(request); });
        PutGuard guard(*this, start.ticket);
        // Without a length there is nothing to count by, and the model has refused it already.
        bool const unmeasured = parser.chunked() || !parser.content_length();
        bool const waits = request.header("Expect").has_value();
        if (unmeasured || (waits && start.decided && answers_expect())) {
            Reply reply = guard.finish();
            co_return co_await send(socket, reply, false);
        }
        if (waits && answers_expect()) {
            bool const sent = co_await send_continue(socket);
            if (!sent) co_return Next::abort;
        }
        std::uint64_t left = *parser.content_length();
        std::int64_t until_drop = start.drop_after_bytes.value_or(-1);
        while (left > 0) {
            std::string_view bytes;
            std::size_t from_buffer = std::min<std::uint64_t>(left, buffer.size());
            if (from_buffer > 0) {
                bytes = {static_cast<char const*>(buffer.data().data()), from_buffer};
            } else {
                std::size_t const room = std::min<std::uint64_t>(left, block.size());
                auto const target = asio::buffer(block.data(), room);
                auto [error, size] = co_await socket.async_read_some(target, quietly);
                if (error) co_return Next::abort;
                bytes = {block.data(), size};
            }
            left -= bytes.size();
            {
                std::lock_guard const lock(mutex);
                model->feed(guard.ticket, bytes);
            }
            buffer.consume(from_buffer);
            if (until_drop >= 0) {
                until_drop -= static_cast<std::int64_t>(bytes.size());
                if (until_drop <= 0) co_return Next::abort;
            }
        }
        if (start.drop_after_bytes) co_return Next::abort;
        Reply reply = guard.finish();
        co_return co_await send(socket, reply, stays);
    }

    ServerOptions options;
    std::optional<json::object> saved_model;
    std::uint16_t saved_port = 0;
    TimePoint saved_real{};

    std::mutex mutex;  ///< guards the model and the files
    std::optional<Model> model;
    std::uint64_t state_written = ~std::uint64_t{0};
    std::uint64_t ledger_written = ~std::uint64_t{0};
    std::chrono::steady_clock::time_point ledger_time{};

    std::mutex wait_mutex;
    std::condition_variable wait_condition;
    bool stop_asked = false;

    std::string base_url;
    std::thread thread;
    // Last, so that it goes first: its destructor ends the connections, which still use the model.
    asio::io_context io{1};
    asio::steady_timer timer{io};
    asio::signal_set signals{io};
    tcp::acceptor acceptor{io};
};

Server::Server(Scenario scenario, ServerOptions options)
    : impl_(std::make_unique<Impl>(std::move(scenario), std::move(options))) {}

Server::~Server() {
    stop();
}

std::string Server::start() {
    Impl& impl = *impl_;
    impl.bind();
    impl.with([&] { impl.model->set_base_url(impl.base_url); });
    asio::co_spawn(impl.io, impl.accept_all(), asio::detached);
    if (impl.options.handle_signals) {
        impl.signals.add(SIGTERM);
        impl.signals.add(SIGINT);
        impl.signals.async_wait([&impl](boost::system::error_code const& error, int) {
            if (!error) impl.ask_to_stop();
        });
    }
    asio::post(impl.io, [&impl] { impl.rearm(); });
    impl.thread = std::thread([&impl] { impl.io.run(); });
    return impl.base_url;
}

std::string const& Server::base_url() const {
    return impl_->base_url;
}

void Server::stop() {
    Impl& impl = *impl_;
    impl.ask_to_stop();
    if (!impl.thread.joinable()) return;
    asio::post(impl.io, [&impl] {
        impl.acceptor.close();
        impl.io.stop();
    });
    impl.thread.join();
    std::lock_guard const lock(impl.mutex);
    impl.flush(true);
}

void Server::wait() {
    std::unique_lock lock(impl_->wait_mutex);
    impl_->wait_condition.wait(lock, [this] { return impl_->stop_asked; });
}

void Server::locked(std::function<void(Model&)> const& f) {
    Impl& impl = *impl_;
    impl.with([&] { f(*impl.model); });
    asio::post(impl.io, [&impl] { impl.rearm(); });
}

json::object Server::ready() {
    std::string const& url = impl_->base_url;
    std::string const host = url.substr(7, url.rfind(':') - 7);
    return impl_->with([&] {
        Model& model = *impl_->model;
        json::array apps;
        json::array accounts;
        for (App const& app : model.scenario().apps) {
            apps.push_back(json::object{
                {"key", app.client_key},
                {"secret", app.client_secret},
                {"audited", app.audited && !app.sandbox},
                {"options",
                 json::object{
                     {"api_base", url}, {"authorize_base", url}, {"upload_hosts", host}}}});
            for (Creator const& creator : model.scenario().creators) {
                accounts.push_back(
                    json::object{{"creator", creator.handle},
                                 {"client_key", app.client_key},
                                 {"token", model.connect_token(creator.handle, app.client_key)}});
            }
        }
        json::value const first = apps.front();
        return json::object{{"listening", url},
                            {"network", "tiktok"},
                            {"connect",
                             json::object{{"app add", first},
                                          {"apps", std::move(apps)},
                                          {"accounts", std::move(accounts)}}}};
    });
}

}  // namespace postrider::tiktok::emulator
