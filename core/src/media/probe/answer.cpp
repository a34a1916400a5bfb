// From a request to an answer: opening, examining, hashing, and the words for what went wrong.
#include "answer.hpp"

#include "confine.hpp"
#include "inspect.hpp"
#include "media_file.hpp"
#include "trouble.hpp"

#include <fmt/format.h>
#include <boost/json.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <exception>
#include <new>
#include <string>

namespace postrider::probe {
namespace {

namespace json = boost::json;
using std::chrono::seconds;

/// Slower than this, a disk is at fault and not the file.
constexpr std::uint64_t hash_bytes_per_second_min = 10 * 1000 * 1000;
constexpr seconds hash_time_base{20};
/// The callbacks are given the chance to end things in good order before the alarm does.
constexpr seconds alarm_grace{2};

/// A path as a person may see it: no control characters (they would reach a terminal), valid UTF-8,
/// not endless.
std::string shown(std::string const& path) {
    constexpr std::size_t length_max = 512;
    json::error_code not_utf8;
    json::parse(json::serialize(json::string(path)), not_utf8);
    std::string text = path;
    for (char& letter : text) {
        auto const byte = static_cast<unsigned char>(letter);
        if (byte < 0x20 || byte == 0x7f || (byte >= 0x80 && not_utf8)) letter = '?';
    }
    if (text.size() <= length_max) return text;
    std::size_t begin = text.size() - length_max;
    while (begin < text.size() && (static_cast<unsigned char>(text[begin]) & 0xC0) == 0x80) ++begin;
    return "..." + text.substr(begin);
}

std::string refusal(std::string const& path, Trouble const& trouble) {
    json::object answer;
    answer["ok"] = false;
    answer["path"] = path;
    answer["code"] = trouble.code;
    answer["message"] = fmt::format("'{}' {}.", shown(path), trouble.sentence);
    return json::serialize(answer) + "\n";
}

Trouble const too_slow{
    "media.limit",
    "took too long to examine; it may be damaged or its disk may not answer, so copy "
    "it to another disk or export it again as MP4 (H.264, AAC)"};
Trouble const too_large{
    "media.limit",
    "needs more memory to examine than is allowed; it may be damaged, so export it "
    "again as MP4 (H.264, AAC)"};

json::value text_or_null(std::string const& text) {
    return text.empty() ? json::value() : json::value(text);
}

void add_facts(json::object& answer, Facts const& facts) {
    answer["kind"] = facts.kind;
    answer["container"] = facts.container.name;
    answer["mime"] = facts.container.mime;
    answer["video_codec"] = text_or_null(facts.video_codec);
    answer["audio_codec"] = text_or_null(facts.audio_codec);
    answer["width"] = facts.width;
    answer["height"] = facts.height;
    answer["rotation"] = facts.rotation;
    answer["duration_ms"] = facts.duration_ms;
    // Three digits are what people write (29.97 is 29.970); the exact value stands beside it.
    double const rate = static_cast<double>(facts.frame_rate_num) / facts.frame_rate_den;
    if (facts.frame_rate_num % facts.frame_rate_den == 0)
        answer["frame_rate"] = facts.frame_rate_num / facts.frame_rate_den;
    else
        answer["frame_rate"] = std::round(rate * 1000) / 1000;
    answer["frame_rate_rational"] =
        fmt::format("{}/{}", facts.frame_rate_num, facts.frame_rate_den);
    answer["bit_rate"] = facts.bit_rate;
    answer["has_sound"] = facts.has_sound;
}

std::string examine(Request const& request,
                    TimeLimits const& limits,
                    std::string const& last_words) {
    using clock = std::chrono::steady_clock;
    json::object answer;
    Alarm opening(limits.parsing + alarm_grace, last_words);
    MediaFile const file(request.path);
    Identity const& identity = file.identity();
    answer["ok"] = true;
    answer["path"] = request.path;
    answer["size_bytes"] = identity.size_bytes;
    answer["mtime_ns"] = identity.mtime_ns;
    answer["ctime_ns"] = identity.ctime_ns;
    answer["inode"] = identity.inode;
    answer["device"] = identity.device;
    if (request.probe) add_facts(answer, inspect(file, clock::now() + limits.parsing));
    if (request.hash) {
        auto const by_size =
            seconds(static_cast<std::int64_t>(identity.size_bytes / hash_bytes_per_second_min));
        seconds const time =
            request.hash_time.count() > 0 ? request.hash_time : hash_time_base + by_size;
        Alarm hashing(time + alarm_grace, last_words);
        answer["sha256"] = file.sha256(clock::now() + time);
    }
    file.require_unchanged();
    return json::serialize(answer) + "\n";
}

}  // namespace

std::string answer(Request const& request, TimeLimits const& limits) {
    // Made beforehand, for when there is no memory left to make it.
    std::string no_memory = refusal(request.path, too_large);
    try {
        return examine(request, limits, refusal(request.path, too_slow));
    } catch (Trouble const& trouble) {
        return refusal(request.path, trouble);
    } catch (std::bad_alloc const&) {
        return no_memory;
    } catch (std::exception const& bug) {
        return refusal(request.path,
                       {"media.damaged",
                        fmt::format("could not be examined ({}); export it again", bug.what())});
    }
}

std::string answer_line(std::string_view line, TimeLimits const& limits) {
    Trouble const no_request{"media.unreadable",
                             "is no request: a line must be a JSON object with a path"};
    json::parse_options options;
    options.allow_invalid_utf8 = true;  // paths are bytes
    json::error_code fault;
    json::value const value =
        json::parse(json::string_view(line.data(), line.size()), fault, {}, options);
    json::object const* object = fault ? nullptr : value.if_object();
    json::value const* path = object == nullptr ? nullptr : object->if_contains("path");
    if (path == nullptr || !path->is_string()) return refusal("", no_request);

    Request request;
    request.path = std::string(path->get_string());
    auto const wish = [&](char const* name) {
        json::value const* member = object->if_contains(name);
        return member == nullptr || !member->is_bool() || member->get_bool();
    };
    request.hash = wish("hash");
    request.probe = wish("probe");
    if (json::value const* time = object->if_contains("hash_seconds");
        time != nullptr && time->is_int64())
        request.hash_time = seconds(std::clamp<std::int64_t>(time->get_int64(), 0, 24 * 3600));
    return answer(request, limits);
}

}  // namespace postrider::probe
