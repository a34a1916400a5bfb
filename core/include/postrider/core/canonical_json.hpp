// Canonical JSON (RFC 8785) for hashing: the same value gives the same bytes everywhere.
#pragma once

#include <boost/json/value.hpp>

#include <string>
#include <string_view>

namespace postrider::core {

/// Members sorted by UTF-16 code units, shortest numbers, no white space.
std::string canonical_json(boost::json::value const& value);

/// `sha256:` and 64 hex digits of the text.
std::string sha256_text(std::string_view text);

}  // namespace postrider::core
