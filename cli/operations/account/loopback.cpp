// A few lines of HTTP for one browser. Nothing is kept open and nothing but the query is read.
#include "operations/account/loopback.hpp"

#include <postrider/catalogue.hpp>

#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>

#include <fmt/format.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <utility>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace postrider::cli {

namespace {

constexpr std::size_t head_max = 16 * 1024;
constexpr int poll_ms = 100;
constexpr int head_polls = 20;  // a connection that says nothing for two seconds is let go

std::optional<int> port_of(std::string_view text) {
    if (text == "*") return 0;
    int port = 0;
    auto const read = std::from_chars(text.data(), text.data() + text.size(), port);
    if (read.ec != std::errc{} || read.ptr != text.data() + text.size() || port < 1 || port > 65535)
        return std::nullopt;
    return port;
}

// Up to the blank line; empty when the other side does not come to it.
std::string read_head(int fd, std::function<bool()> const& go_on) {
    std::string head;
    char block[2048];
    for (int turn = 0; turn < head_polls && go_on(); ++turn) {
        pollfd waiting{fd, POLLIN, 0};
        if (::poll(&waiting, 1, poll_ms) <= 0) continue;
        auto const count = ::recv(fd, block, sizeof block, 0);
        if (count <= 0) return {};
        head.append(block, static_cast<std::size_t>(count));
        if (head.find("\r\n\r\n") != std::string::npos) return head;
        if (head.size() > head_max) return {};
    }
    return {};
}

void reply(int fd, int status, std::string_view reason, std::string_view sentence) {
    auto const body = fmt::format(
        "<!doctype html><meta charset=\"utf-8\"><title>postrider</title><p>{}</p>\n", sentence);
    auto const text = fmt::format(
        "HTTP/1.1 {} {}\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {}\r\n"
        "Content-Security-Policy: default-src 'none'\r\nCache-Control: no-store\r\n"
        "Connection: close\r\n\r\n{}",
        status,
        reason,
        body.size(),
        body);
    for (std::size_t done = 0; done < text.size();) {
        auto const count = ::send(fd, text.data() + done, text.size() - done, MSG_NOSIGNAL);
        if (count <= 0) return;
        done += static_cast<std::size_t>(count);
    }
}

// `GET /callback/?code=1 HTTP/1.1`: what stands between the spaces.
std::string target_of(std::string const& head) {
    if (!head.starts_with("GET ")) return {};
    auto const end = head.find(' ', 4);
    return end == std::string::npos ? std::string() : head.substr(4, end - 4);
}

}  // namespace

std::optional<LoopbackAddress> loopback_address(std::string const& redirect) {
    constexpr std::string_view scheme = "http://";
    if (!redirect.starts_with(scheme)) return std::nullopt;
    auto const slash = redirect.find('/', scheme.size());
    auto const authority =
        redirect.substr(scheme.size(), slash == std::string::npos ? slash : slash - scheme.size());
    auto const colon = authority.rfind(':');
    if (colon == std::string::npos) return std::nullopt;
    LoopbackAddress address;
    address.host = authority.substr(0, colon);
    if (address.host != "127.0.0.1" && address.host != "localhost" && address.host != "[::1]")
        return std::nullopt;
    auto const port = port_of(std::string_view(authority).substr(colon + 1));
    if (!port) return std::nullopt;
    address.port = *port;
    address.path = slash == std::string::npos ? "/" : redirect.substr(slash);
    return address;
}

QueryFields query_fields(std::string const& query) {
    QueryFields fields;
    auto const text = "/?" + query;  // the parsed address is a view of it
    auto const url = boost::urls::parse_uri_reference(text);
    if (!url) return fields;
    boost::urls::encoding_opts options;
    options.space_as_plus = true;
    for (auto const& param : url->params(options)) fields[param.key] = param.value;
    return fields;
}

Result<LoopbackListener> LoopbackListener::open(LoopbackAddress address) {
    bool const six = address.host == "[::1]";
    int const fd = ::socket(six ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int const on = 1;
    ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    sockaddr_storage storage{};
    socklen_t length = 0;
    if (six) {
        auto* place = reinterpret_cast<sockaddr_in6*>(&storage);
        place->sin6_family = AF_INET6;
        place->sin6_addr = in6addr_loopback;
        place->sin6_port = htons(static_cast<std::uint16_t>(address.port));
        length = sizeof(sockaddr_in6);
    } else {
        auto* place = reinterpret_cast<sockaddr_in*>(&storage);
        place->sin_family = AF_INET;
        place->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        place->sin_port = htons(static_cast<std::uint16_t>(address.port));
        length = sizeof(sockaddr_in);
    }
    auto* generic = reinterpret_cast<sockaddr*>(&storage);
    if (fd < 0 || ::bind(fd, generic, length) != 0 || ::listen(fd, 8) != 0) {
        auto const number = errno;
        if (fd >= 0) ::close(fd);
        return make_error("setup.port_taken",
                          fmt::format("{}:{} cannot be listened to: {}",
                                      address.host,
                                      address.port,
                                      std::strerror(number)));
    }
    ::getsockname(fd, generic, &length);
    address.port = ntohs(six ? reinterpret_cast<sockaddr_in6*>(&storage)->sin6_port
                             : reinterpret_cast<sockaddr_in*>(&storage)->sin_port);
    return LoopbackListener(std::move(address), fd);
}

LoopbackListener::LoopbackListener(LoopbackListener&& other) noexcept
    : address_(std::move(other.address_)), fd_(std::exchange(other.fd_, -1)) {}

LoopbackListener::~LoopbackListener() {
    if (fd_ >= 0) ::close(fd_);
}

std::string LoopbackListener::redirect() const {
    return fmt::format("http://{}:{}{}", address_.host, address_.port, address_.path);
}

std::optional<QueryFields> LoopbackListener::wait(
    std::function<bool(QueryFields const&)> const& wanted, std::function<bool()> const& go_on) {
    while (go_on()) {
        pollfd waiting{fd_, POLLIN, 0};
        if (::poll(&waiting, 1, poll_ms) <= 0) continue;
        int const fd = ::accept4(fd_, nullptr, nullptr, SOCK_CLOEXEC);
        if (fd < 0) continue;
        auto const target = target_of(read_head(fd, go_on));
        auto const mark = target.find('?');
        std::optional<QueryFields> fields;
        if (mark != std::string::npos && target.substr(0, mark) == address_.path)
            fields = query_fields(target.substr(mark + 1));
        if (fields && wanted(*fields)) {
            reply(fd, 200, "OK", "You can close this page and go back to postrider.");
            ::close(fd);
            return fields;
        }
        if (!target.empty()) reply(fd, 404, "Not Found", "This is not what postrider waits for.");
        ::close(fd);
    }
    return std::nullopt;
}

}  // namespace postrider::cli
