// Requests and answers as values. Sending them is core's business.
#pragma once

#include <postrider/words.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace postrider::adapter {

using Headers = std::vector<std::pair<std::string, std::string>>;

/// Value of the first header with this name, compared without case; empty when there is none.
std::string_view find_header(Headers const& headers, std::string_view name);

/// Secrets are named here, never seen: core puts the token of the job's account in.
enum class Credential { none, bearer };

/// Bytes [offset, offset + length) of the post's media number `media_index`; streamed, never held
/// in memory.
struct FileRange {
    std::size_t media_index = 0;
    std::uint64_t offset = 0;
    std::uint64_t length = 0;
};

struct HttpRequest {
    std::string method = "GET";
    std::string url;  ///< absolute
    Headers headers;
    Credential credential = Credential::none;
    std::variant<std::monostate, std::string, FileRange> body;
    bool secret_url = false;  ///< the URL itself is a credential: never logged or shown

    HttpRequest() = default;
    HttpRequest(std::string method_, std::string url_)
        : method(std::move(method_)), url(std::move(url_)) {}
};

struct HttpReply {
    int status = 0;
    Headers headers;
    std::string body;  ///< at most 4 MiB; a longer answer is a transport failure

    HttpReply() = default;
    HttpReply(int status_, std::string body_) : status(status_), body(std::move(body_)) {}
};

}  // namespace postrider::adapter
