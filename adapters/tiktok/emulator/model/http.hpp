// Requests and replies as values, the way the model sees them. Sockets, framing and time-outs live
// in server/.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace postrider::tiktok::emulator {

using Millis = std::chrono::milliseconds;
using TimePoint = std::chrono::sys_time<Millis>;

/// Where the model gets its time from. Asked at every request; it must never run backwards.
using Clock = std::function<TimePoint()>;

struct Header {
    std::string name;
    std::string value;
};

struct Request {
    std::string method;
    std::string target;  ///< origin form: path and query
    std::vector<Header> headers;
    std::string body;  ///< empty for an upload, whose bytes are fed to the model one by one

    /// The first header of that name (any case).
    std::optional<std::string_view> header(std::string_view name) const;
    std::string_view path() const;
    std::string_view query() const;
};

/// What the server has to do with a reply. Everything but `whole` is the work of a fault script.
enum class Delivery {
    whole,  ///< send it
    drop,   ///< send nothing and close the connection
    cut,    ///< announce the whole length, send half of the body and close
};

struct Reply {
    int status = 200;
    std::vector<Header> headers;
    std::string content_type = "application/json; charset=utf-8";
    std::string body;
    Delivery delivery = Delivery::whole;
    Millis hold{0};    ///< wait so long before the first byte (real time)
    Millis spread{0};  ///< spread the body over so long (real time)
    bool close = false;
};

using Form = std::map<std::string, std::string, std::less<>>;

/// Reads `a=1&b=2`, percent signs and pluses decoded; the first of two equal names wins.
/// Nothing when it is malformed, has more than 64 members or is longer than 64 KiB.
std::optional<Form> parse_form(std::string_view text);

/// Everything but letters, digits and `-._~` becomes %XX.
std::string percent_encode(std::string_view text);

/// `application/json; charset=UTF-8` is `application/json`; lower case.
std::string media_type(std::string_view content_type);

bool equal_ignoring_case(std::string_view a, std::string_view b);

}  // namespace postrider::tiktok::emulator
