// Listening, starting and stopping.
#include "tiktok/emulator/server/server.hpp"

#include <fmt/format.h>

#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <csignal>
#include <stdexcept>
#include <thread>

#include "tiktok/emulator/server/hub.hpp"

namespace postrider::tiktok::emulator {

using tcp = asio::ip::tcp;

struct Server::Impl {
    Impl(Scenario scenario, ServerOptions options) : hub(std::move(scenario), std::move(options)) {}

    void bind() {
        boost::system::error_code error;
        auto const address = asio::ip::make_address(hub.options.address, error);
        if (error) {
            throw std::runtime_error(fmt::format("{} is not an IP address", hub.options.address));
        }
        bool const chosen = hub.options.port != 0;
        std::uint16_t const wanted = chosen ? hub.options.port : hub.port;
        // A restarted emulator comes back where its clients look for it, when nobody sits there.
        bool bound = try_bind({address, wanted}, error);
        if (!bound && !chosen) bound = try_bind({address, 0}, error);
        if (!bound) {
            throw std::runtime_error(fmt::format(
                "cannot listen on {}:{}: {}", hub.options.address, wanted, error.message()));
        }
        auto const local = acceptor.local_endpoint();
        std::string host = local.address().to_string();
        if (local.address().is_v6()) host = fmt::format("[{}]", host);
        hub.port = local.port();
        base_url = fmt::format("http://{}:{}", host, local.port());
    }

    bool try_bind(tcp::endpoint const& endpoint, boost::system::error_code& error) {
        boost::system::error_code ignored;
        acceptor.close(ignored);
        acceptor.open(endpoint.protocol(), error);
        if (!error) acceptor.set_option(asio::socket_base::reuse_address(true), error);
        if (!error) acceptor.bind(endpoint, error);
        if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
        return !error;
    }

    void accept_next() {
        acceptor.async_accept([this](boost::system::error_code const& error, tcp::socket socket) {
            if (error == asio::error::operation_aborted) return;
            if (!error) {
                boost::system::error_code ignored;
                socket.set_option(tcp::no_delay(true), ignored);
                serve(hub, std::move(socket));
            }
            accept_next();
        });
    }

    Hub hub;
    asio::signal_set signals{hub.io};
    tcp::acceptor acceptor{hub.io};
    std::string base_url;
    std::thread thread;
};

Server::Server(Scenario scenario, ServerOptions options)
    : impl_(std::make_unique<Impl>(std::move(scenario), std::move(options))) {}

Server::~Server() {
    stop();
}

std::string Server::start() {
    Impl& impl = *impl_;
    impl.bind();
    impl.hub.with([&] { impl.hub.model->set_base_url(impl.base_url); });
    impl.accept_next();
    if (impl.hub.options.handle_signals) {
        impl.signals.add(SIGTERM);
        impl.signals.add(SIGINT);
        impl.signals.async_wait([&impl](boost::system::error_code const& error, int) {
            if (!error) impl.hub.ask_to_stop();
        });
    }
    asio::post(impl.hub.io, [&impl] { impl.hub.rearm(); });
    impl.thread = std::thread([&impl] { impl.hub.io.run(); });
    return impl.base_url;
}

std::string const& Server::base_url() const {
    return impl_->base_url;
}

void Server::stop() {
    Impl& impl = *impl_;
    impl.hub.ask_to_stop();
    if (!impl.thread.joinable()) return;
    asio::post(impl.hub.io, [&impl] {
        impl.acceptor.close();
        impl.hub.io.stop();
    });
    impl.thread.join();
    std::lock_guard const lock(impl.hub.mutex);
    impl.hub.flush(true);
}

void Server::wait() {
    Hub& hub = impl_->hub;
    std::unique_lock lock(hub.wait_mutex);
    hub.wait_condition.wait(lock, [&] { return hub.stop_asked; });
}

void Server::locked(std::function<void(Model&)> const& f) {
    Hub& hub = impl_->hub;
    hub.with([&] { f(*hub.model); });
    asio::post(hub.io, [&hub] { hub.rearm(); });
}

json::object Server::ready() {
    std::string const& url = impl_->base_url;
    constexpr std::size_t scheme_size = 7;
    std::string const host = url.substr(scheme_size, url.rfind(':') - scheme_size);
    json::object const options{{"api_base", url}, {"authorize_base", url}, {"upload_hosts", host}};
    return with_model([&](Model& model) {
        json::array apps;
        json::array accounts;
        for (App const& app : model.scenario().apps) {
            apps.push_back(json::object{{"key", app.client_key},
                                        {"secret", app.client_secret},
                                        {"audited", app.audited && !app.sandbox},
                                        {"options", options}});
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
