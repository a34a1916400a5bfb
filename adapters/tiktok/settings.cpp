// See settings.hpp.
#include "settings.hpp"

#include <fmt/format.h>
#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>

#include <algorithm>
#include <charconv>
#include <optional>

namespace postrider::tiktok {

namespace {

std::string app_option(adapter::AppView const& app,
                       std::string_view name,
                       std::string_view fallback) {
    auto const* value = app.options.if_contains(name);
    if (!value || !value->is_string() || value->get_string().empty()) return std::string{fallback};
    return std::string{value->get_string()};
}

std::string lower(std::string text) {
    std::transform(text.begin(), text.end(), text.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    return text;
}

std::vector<std::string> split_hosts(std::string_view list) {
    std::vector<std::string> hosts;
    while (!list.empty()) {
        auto const comma = std::min(list.find(','), list.size());
        auto host = list.substr(0, comma);
        list.remove_prefix(std::min(comma + 1, list.size()));
        while (!host.empty() && host.front() == ' ') host.remove_prefix(1);
        while (!host.empty() && host.back() == ' ') host.remove_suffix(1);
        if (!host.empty()) hosts.push_back(lower(std::string{host}));
    }
    return hosts;
}

bool host_matches(std::string_view host, std::string_view pattern) {
    if (pattern.substr(0, 2) != "*.") return host == pattern;
    auto const suffix = pattern.substr(1);
    return host.size() > suffix.size() && host.substr(host.size() - suffix.size()) == suffix;
}

bool is_loopback(std::string_view host) {
    return host == "localhost" || host == "127.0.0.1" || host == "[::1]";
}

struct UrlParts {
    std::string scheme;
    std::string host;
    bool userinfo = false;
};

std::optional<UrlParts> parse_parts(std::string_view url) {
    auto const parsed = boost::urls::parse_uri(url);
    if (parsed.has_error() || !parsed->has_authority()) return std::nullopt;
    UrlParts parts;
    parts.scheme = lower(std::string{parsed->scheme()});
    parts.host = lower(std::string{parsed->host()});
    parts.userinfo = parsed->has_userinfo();
    if (parts.host.empty()) return std::nullopt;
    return parts;
}

}  // namespace

Settings settings_of(adapter::AppView const& app) {
    Settings settings;
    settings.api_base = app_option(app, "api_base", official_api_base);
    settings.upload_hosts = split_hosts(app_option(app, "upload_hosts", official_upload_hosts));
    if (auto const* size = app.options.if_contains("chunk_size")) {
        if (size->is_int64() && size->get_int64() > 0)
            settings.chunk_size = static_cast<std::uint64_t>(size->get_int64());
        // An option that was typed on a command line may arrive as text.
        std::string const typed = app_option(app, "chunk_size", "");
        std::uint64_t number = 0;
        auto const read = std::from_chars(typed.data(), typed.data() + typed.size(), number);
        if (!typed.empty() && read.ec == std::errc{} && number > 0) settings.chunk_size = number;
    }
    return settings;
}

std::string api_url(Settings const& settings, std::string_view path) {
    std::string_view base = settings.api_base;
    while (!base.empty() && base.back() == '/') base.remove_suffix(1);
    return fmt::format("{}{}", base, path);
}

std::string upload_url_problem(Settings const& settings, std::string_view upload_url) {
    auto const upload = parse_parts(upload_url);
    if (!upload) return "it is no absolute URL";
    if (upload->userinfo) return "it holds a user name";

    auto const api = parse_parts(settings.api_base);
    bool const plain_allowed = api && api->scheme == "http";
    if (upload->scheme != "https" && !(plain_allowed && upload->scheme == "http"))
        return "it is not https";

    for (auto const& pattern : settings.upload_hosts)
        if (host_matches(upload->host, pattern)) return {};
    auto const official = parse_parts(official_api_base);
    bool const elsewhere = api && official && api->host != official->host;
    bool const own_host = elsewhere && (upload->host == api->host ||
                                        (is_loopback(upload->host) && is_loopback(api->host)));
    if (own_host) return {};
    return fmt::format("the host {} is not listed in upload_hosts", upload->host);
}

}  // namespace postrider::tiktok
