// A server that takes PUTs and keeps nothing: the same for us and for our peer.
#include "parts.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <iostream>
#include <string_view>
#include <thread>

namespace postrider::bench {
namespace {

std::uint64_t content_length(std::string_view head) {
    constexpr std::string_view name = "\r\ncontent-length:";
    auto const same = [](char a, char b) { return ::tolower(a) == b; };
    auto const found = std::search(head.begin(), head.end(), name.begin(), name.end(), same);
    if (found == head.end()) return 0;
    return std::stoull(std::string(found + static_cast<std::ptrdiff_t>(name.size()), head.end()));
}

void serve(int socket, int number) {
    std::vector<char> block(std::size_t{256} * 1024);
    std::string unread;
    auto fill = [&]() -> bool {
        auto const got = ::recv(socket, block.data(), block.size(), 0);
        if (got > 0) unread.append(block.data(), static_cast<std::size_t>(got));
        return got > 0;
    };
    auto const answer = "HTTP/1.1 201 Created\r\nX-Connection: " + std::to_string(number) +
                        "\r\nContent-Length: 0\r\n\r\n";
    for (;;) {
        std::size_t end = std::string::npos;
        while ((end = unread.find("\r\n\r\n")) == std::string::npos)
            if (!fill()) {
                ::close(socket);
                return;
            }
        auto left = content_length(std::string_view(unread).substr(0, end));
        unread.erase(0, end + 4);
        auto const have = std::min<std::uint64_t>(left, unread.size());
        unread.erase(0, have);
        left -= have;
        while (left > 0) {
            auto const got =
                ::recv(socket, block.data(), std::min<std::uint64_t>(left, block.size()), 0);
            if (got <= 0) break;
            left -= static_cast<std::uint64_t>(got);
        }
        if (::send(socket, answer.data(), answer.size(), MSG_NOSIGNAL) < 0) break;
    }
    ::close(socket);
}

}  // namespace

int run_sink() {
    int const listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (::bind(listener, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
        ::listen(listener, 16) != 0 ||
        ::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size) != 0)
        throw std::runtime_error("the sink cannot listen");
    std::cout << ntohs(address.sin_port) << std::endl;
    for (int number = 1;; ++number) {
        int const socket = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
        if (socket < 0) return 1;
        int const on = 1;
        ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        std::thread(serve, socket, number).detach();
    }
}

}  // namespace postrider::bench
