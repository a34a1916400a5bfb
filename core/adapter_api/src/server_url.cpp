// Enough of RFC 3986 for a base address; a URL library would be a dependency of every adapter.
#include <postrider/server_url.hpp>

#include <algorithm>
#include <string>

namespace postrider {

namespace {

std::string_view without_scheme(std::string_view text) {
    for (std::string_view const scheme : {"https://", "http://"})
        if (text.starts_with(scheme)) return text.substr(scheme.size());
    return {};
}

bool is_digit(char letter) {
    return letter >= '0' && letter <= '9';
}

bool is_among(std::string_view part, std::string_view more) {
    return std::all_of(part.begin(), part.end(), [more](char letter) {
        return is_digit(letter) || (letter >= 'a' && letter <= 'z') ||
               (letter >= 'A' && letter <= 'Z') || more.find(letter) != more.npos;
    });
}

bool is_port(std::string_view text) {
    return !text.empty() && text.size() <= 5 && std::all_of(text.begin(), text.end(), is_digit) &&
           std::stoi(std::string(text)) <= 65'535;
}

}  // namespace

bool is_server_url(std::string_view text) {
    auto const host = host_of_url(text);
    if (host.empty()) return false;
    auto rest = without_scheme(text).substr(host.size());
    auto const slash = std::min(rest.find('/'), rest.size());
    auto const port = rest.substr(0, slash);
    if (!port.empty() && (port.front() != ':' || !is_port(port.substr(1)))) return false;
    return is_among(rest.substr(slash), "/-._~%!$&'()*+,;=:@");
}

std::string_view host_of_url(std::string_view text) {
    auto const rest = without_scheme(text);
    if (rest.starts_with('[')) {
        auto const end = rest.find(']');
        if (end == rest.npos || end < 2 || !is_among(rest.substr(1, end - 1), ":.")) return {};
        return rest.substr(0, end + 1);
    }
    auto const host = rest.substr(0, rest.find_first_of(":/"));
    return is_among(host, ".-_") ? host : std::string_view{};
}

bool is_loopback_url(std::string_view text) {
    auto const host = host_of_url(text);
    if (host == "localhost" || host == "[::1]") return is_server_url(text);
    // Four numbers and nothing else: 127.0.0.1.example.org is a name like any other.
    bool const numbers = std::all_of(
        host.begin(), host.end(), [](char letter) { return is_digit(letter) || letter == '.'; });
    return host.starts_with("127.") && numbers && std::count(host.begin(), host.end(), '.') == 3 &&
           is_server_url(text);
}

}  // namespace postrider
