// TikTok's words of refusal turned into our errors, in one table. Nothing here decides what happens
// next.
#pragma once

#include "api.hpp"

#include <postrider/adapter/http.hpp>
#include <postrider/error.hpp>

#include <span>
#include <string>
#include <string_view>

namespace postrider::tiktok {

/// Where a word of TikTok's may stand. The same word can mean different things in two places.
enum Place : unsigned {
    in_api = 1U,          ///< `error.code` of the API v2 envelope
    in_fail_reason = 2U,  ///< `fail_reason` of a failed post
    in_oauth = 4U,        ///< `error` of the token endpoint or of the callback
};

/// One row: a word of TikTok's, and what it is to us. Kind and owner follow from the code: they
/// stand in the core's catalogue, or in own_error_rows().
struct NetworkCode {
    std::string_view word;  ///< compared as a whole
    unsigned places;
    std::string_view code;
    Retry retry;
    std::string_view sentence;
    /// Direct posting cannot work for this creator now, and a draft in the inbox still can.
    bool only_direct = false;
};

std::span<NetworkCode const> network_codes();

/// The row of a word in a place, or null.
NetworkCode const* find_network_code(std::string_view word, Place place);

/// Catalogue rows of the codes that only this adapter has, sorted by code.
std::span<ErrorRow const> own_error_rows();

/// An error by code, core's or ours; an empty message becomes the row's cause.
Error tiktok_error(std::string_view code, std::string message = {});

/// The error of an API answer that is not a success.
Error api_error(adapter::HttpReply const& reply, Envelope const& envelope);

/// The error of a post that ended FAILED.
Error failed_post_error(std::string_view fail_reason, std::string_view log_id);

/// The error of the token endpoint, or of the callback page.
Error oauth_error(std::string_view word, std::string_view description);

/// The error of an answer to a PUT. Bodies of the upload host are not read: their shape is unknown.
Error upload_error(adapter::HttpReply const& reply);

/// True when the answer proves that the request was turned down and had no effect. A word that is
/// not in the table counts only with a 4xx; a fault of TikTok's own never does.
bool is_refusal(adapter::HttpReply const& reply, Envelope const& envelope);

/// Text from outside, fit for an error's context: short, one line, nothing that could be a
/// credential.
std::string scrub(std::string_view text);

}  // namespace postrider::tiktok
