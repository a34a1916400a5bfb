// For tests: a server that does to its connections exactly what the test says, byte by byte. One
// thread, connections in turn. It knows no HTTP beyond finding the end of a head.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace postrider::core::testing {

class RawConnection {
 public:
    explicit RawConnection(int socket) : socket_(socket) {}
    ~RawConnection() { close(); }
    RawConnection(RawConnection const&) = delete;
    RawConnection& operator=(RawConnection const&) = delete;

    /// The next request's head with its empty line; empty when the other side closed.
    std::string read_head() {
        for (;;) {
            auto const end = unread_.find("\r\n\r\n");
            if (end != std::string::npos) {
                auto head = unread_.substr(0, end + 4);
                unread_.erase(0, end + 4);
                return head;
            }
            if (!fill()) return {};
        }
    }

    /// Exactly `count` bytes, or fewer when the other side closed.
    std::string read(std::size_t count) {
        while (unread_.size() < count && fill()) {
        }
        auto bytes = unread_.substr(0, count);
        unread_.erase(0, bytes.size());
        return bytes;
    }

    /// Reads and throws away; how many there were.
    std::size_t drain(std::size_t count) {
        auto taken = std::min(count, unread_.size());
        unread_.clear();
        while (taken < count && fill()) {
            taken += unread_.size();
            unread_.clear();
        }
        return taken;
    }

    /// False when the other side is gone.
    bool write(std::string_view bytes) {
        while (!bytes.empty()) {
            auto const sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
            if (sent <= 0) return false;
            bytes.remove_prefix(static_cast<std::size_t>(sent));
        }
        return true;
    }

    void answer(std::string_view body, std::string_view status = "200 OK") {
        write("HTTP/1.1 " + std::string{status} + "\r\nContent-Length: " +
              std::to_string(body.size()) + "\r\n\r\n" + std::string{body});
    }

    /// True when the other side closed within the time; bytes that come meanwhile are dropped.
    bool closed_within(int milliseconds) {
        ::pollfd entry{socket_, POLLIN, 0};
        while (::poll(&entry, 1, milliseconds) > 0)
            if (!fill()) return true;
        return false;
    }

    /// Ends the connection by a reset instead of an orderly close.
    void reset() {
        ::linger const now{1, 0};
        ::setsockopt(socket_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
        close();
    }

    void close() {
        std::scoped_lock const lock(closing_);
        if (socket_ >= 0) ::close(std::exchange(socket_, -1));
    }

    /// From another thread: ends whatever this connection is waiting for.
    void shut_down() {
        std::scoped_lock const lock(closing_);
        if (socket_ >= 0) ::shutdown(socket_, SHUT_RDWR);
    }

 private:
    bool fill() {
        char buffer[65536];
        auto const got = ::recv(socket_, buffer, sizeof buffer, 0);
        if (got <= 0) return false;
        unread_.append(buffer, static_cast<std::size_t>(got));
        return true;
    }

    std::mutex closing_;
    int socket_;
    std::string unread_;
};

class RawServer {
 public:
    using Script = std::function<void(RawConnection&)>;

    /// The first connection runs the first script, and so on; the last one serves all that follow.
    explicit RawServer(std::vector<Script> scripts) : scripts_(std::move(scripts)) {
        listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        ::sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        ::socklen_t size = sizeof address;
        auto* const generic = reinterpret_cast<::sockaddr*>(&address);
        if (::bind(listener_, generic, size) != 0 || ::listen(listener_, 128) != 0 ||
            ::getsockname(listener_, generic, &size) != 0)
            throw std::runtime_error("the test's server cannot listen");
        port_ = ntohs(address.sin_port);
        acceptor_ = std::thread([this] { accept_all(); });
    }

    ~RawServer() {
        // Ends the wait for a connection, then the waits for bytes on those that are served.
        ::shutdown(listener_, SHUT_RDWR);
        acceptor_.join();
        for (auto& serving : servings_) {
            serving->connection.shut_down();
            serving->thread.join();
        }
        ::close(listener_);
    }
    RawServer(RawServer const&) = delete;
    RawServer& operator=(RawServer const&) = delete;

    [[nodiscard]] std::string url(std::string_view path = "/") const {
        return "http://127.0.0.1:" + std::to_string(port_) + std::string{path};
    }
    [[nodiscard]] int port() const { return port_; }
    [[nodiscard]] int connections() const { return connections_; }

 private:
    struct Serving {
        explicit Serving(int socket) : connection(socket) {}
        RawConnection connection;
        std::thread thread;
    };

    void accept_all() {
        for (;;) {
            int const socket = ::accept(listener_, nullptr, nullptr);
            if (socket < 0) return;
            // A test that hangs here would hang for ever.
            ::timeval const limit{20, 0};
            ::setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
            ::setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
            auto const index = static_cast<std::size_t>(connections_++);
            auto const& script = scripts_[std::min(index, scripts_.size() - 1)];
            auto& serving = *servings_.emplace_back(std::make_unique<Serving>(socket));
            serving.thread = std::thread([&serving, &script] {
                script(serving.connection);
                serving.connection.close();
            });
        }
    }

    std::vector<Script> scripts_;
    int listener_ = -1;
    int port_ = 0;
    std::atomic<int> connections_{0};
    std::vector<std::unique_ptr<Serving>> servings_;  // the acceptor's until it has ended
    std::thread acceptor_;
};

}  // namespace postrider::core::testing
