// See errors.hpp. The tables are in network_codes.cpp.
#include "errors.hpp"

#include <postrider/catalogue.hpp>
#include <postrider/text_length.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace postrider::tiktok {

namespace {

// Never in the middle of a character.
std::string cut(std::string_view text, std::size_t length) {
    text = text.substr(0, length);
    while (!text.empty() && !is_valid_utf8(text)) text.remove_suffix(1);
    return std::string{text};
}

// Words of a fixed vocabulary are kept whole; anything else that arrives in their place is not
// trusted.
std::string raw_word(std::string_view word) {
    return scrub(cut(word, 100));
}

Error from_row(NetworkCode const& row) {
    return tiktok_error(row.code, std::string{row.sentence}).with_retry(row.retry);
}

Error unrecognized(std::string_view what, std::string_view word) {
    return tiktok_error(
        "network.unrecognized",
        fmt::format("TikTok {} \"{}\", which is not known here.", what, raw_word(word)));
}

Error with_reply(Error const& error, adapter::HttpReply const& reply, Envelope const& envelope) {
    return error.with("http_status", std::to_string(reply.status))
        .with("log_id", raw_word(envelope.log_id))
        .with("network_message", scrub(envelope.message));
}

// Answers that are not in the API's shape: pages of a gateway, cut-off bodies. Only the status
// counts.
Error unreadable_error(adapter::HttpReply const& reply) {
    auto const word = fmt::format("http_{}", reply.status);
    if (reply.status == 429)
        return tiktok_error("network.rate_limited")
            .with_retry(Retry::after(std::chrono::minutes{1}))
            .with("network_code", word);
    if (reply.status >= 500)
        return tiktok_error("network.unavailable",
                            fmt::format("TikTok answered with HTTP {}.", reply.status))
            .with_retry(Retry::backoff())
            .with("network_code", word);
    if (reply.status >= 200 && reply.status < 300)
        return tiktok_error("network.bad_answer", "TikTok's answer could not be read.")
            .with_retry(Retry::backoff())
            .with("network_code", word);
    if (reply.status >= 300 && reply.status < 400)
        return tiktok_error("network.redirect").with("network_code", word);
    return unrecognized("answered", word).with("network_code", word);
}

}  // namespace

Error tiktok_error(std::string_view code, std::string message) {
    for (auto const& row : own_error_rows())
        if (row.code == code) return Error{row, std::move(message)};
    return make_error(code, std::move(message));
}

Error api_error(adapter::HttpReply const& reply, Envelope const& envelope) {
    if (!envelope.readable || envelope.ok())
        return with_reply(unreadable_error(reply), reply, envelope);
    if (auto const* row = find_network_code(envelope.code, in_api))
        return with_reply(
            from_row(*row).with("network_code", std::string{row->word}), reply, envelope);
    auto const error = reply.status >= 500 || reply.status == 429
                           ? unreadable_error(reply)
                           : unrecognized("refused with the code", envelope.code);
    return with_reply(error.with("network_code", raw_word(envelope.code)), reply, envelope);
}

Error failed_post_error(std::string_view fail_reason, std::string_view log_id) {
    auto const* row = find_network_code(fail_reason, in_fail_reason);
    auto const error =
        row ? from_row(*row) : unrecognized("failed the post for the reason", fail_reason);
    return error.with("network_code", row ? std::string{row->word} : raw_word(fail_reason))
        .with("http_status", "200")
        .with("log_id", raw_word(log_id));
}

Error oauth_error(std::string_view word, std::string_view description) {
    auto const* row = find_network_code(word, in_oauth);
    auto const error = row ? from_row(*row) : unrecognized("answered", word);
    return error.with("network_code", row ? std::string{row->word} : raw_word(word))
        .with("network_message", scrub(description));
}

Error upload_error(adapter::HttpReply const& reply) {
    bool const temporary = reply.status >= 500 || reply.status == 429 || reply.status == 408;
    bool const redirect = reply.status >= 300 && reply.status < 400;
    auto const error =
        // The address is TikTok's own: nobody here can correct it, and a gateway may say so once.
        redirect ? tiktok_error("network.unavailable",
                                "TikTok's upload host answered with a redirect; none is followed.")
                       .with_retry(Retry::backoff())
        : temporary ? unreadable_error(reply)
        : reply.status == 403 || reply.status == 404
            ? tiktok_error("network.upload_expired")
            : tiktok_error(
                  "tiktok.upload_refused",
                  fmt::format("TikTok's upload host refused a part with HTTP {}.", reply.status));
    return error.with("network_code", fmt::format("http_{}", reply.status))
        .with("http_status", std::to_string(reply.status));
}

bool is_refusal(adapter::HttpReply const& reply, Envelope const& envelope) {
    if (reply.status == 429) return true;
    if (!envelope.readable || envelope.ok() || envelope.code == "internal_error") return false;
    if (reply.status >= 400 && reply.status < 500) return true;
    return reply.status < 300 && find_network_code(envelope.code, in_api) != nullptr;
}

std::string scrub(std::string_view text) {
    // A word this long, or with a token's prefix, or that looks like an address, says nothing to a
    // reader and might be a credential.
    constexpr std::size_t word_max = 70;
    constexpr std::size_t text_max = 200;
    auto suspicious = [](std::string_view word) {
        return word.size() > word_max || word.find("://") != std::string_view::npos ||
               word.find("act.") != std::string_view::npos ||
               word.find("rft.") != std::string_view::npos ||
               word.find("clt.") != std::string_view::npos ||
               word.find('=') != std::string_view::npos;
    };
    std::string clean;
    std::size_t at = 0;
    while (at < text.size() && clean.size() < text_max) {
        if (static_cast<unsigned char>(text[at]) <= ' ' || text[at] == 0x7f) {
            ++at;
            continue;
        }
        auto const end =
            std::find_if(text.begin() + static_cast<std::ptrdiff_t>(at), text.end(), [](char c) {
                return static_cast<unsigned char>(c) <= ' ' || c == 0x7f;
            });
        std::string_view const word{text.data() + at,
                                    static_cast<std::size_t>(end - text.begin()) - at};
        if (!clean.empty()) clean += ' ';
        clean += suspicious(word) ? std::string_view{"[removed]"} : word;
        at += word.size();
    }
    return clean;
}

}  // namespace postrider::tiktok
