// A network's token answer, as a person hands it over on standard input.
#pragma once

#include <postrider/adapter/descriptor.hpp>
#include <postrider/result.hpp>

#include <boost/json/object.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace postrider::cli {

struct TokenAnswer {
    std::string access;
    std::string refresh;
    std::int64_t expires_in = 0;
    std::optional<std::int64_t> refresh_expires_in;
    std::vector<std::string> scopes;
    std::string remote_id;
};

/// Reads the members that are needed. Errors: `usage.bad_value`, which says what is wrong with each
/// member and repeats none: they are secrets.
Result<TokenAnswer> read_token_answer(boost::json::object const& answer,
                                      adapter::OAuthShape const& oauth);

/// The same from text, which must be one JSON object.
Result<TokenAnswer> read_token_answer(std::string_view text, adapter::OAuthShape const& oauth);

}  // namespace postrider::cli
