// Strict reading of one JSON object: exact types, ranges, and a list of the members that nobody
// asked for.
#pragma once

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <cstdint>
#include <limits>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace postrider::tiktok::emulator {

namespace json = boost::json;

/// Says in one sentence what is wrong with a document and where. Thrown only inside the readers;
/// their public functions turn it into `Read::problem` or into a refusal.
class SpecError : public std::runtime_error {
 public:
    using std::runtime_error::runtime_error;
};

/// What a reader of a foreign document gives: the value, or one sentence.
template <class T>
struct Read {
    std::optional<T> value;
    std::string problem;

    explicit operator bool() const { return value.has_value(); }
};

class Fields {
 public:
    /// `object` must outlive this. `where` is the path that errors show, for instance
    /// `creators[2]`.
    Fields(json::object const& object, std::string where);
    Fields(json::value const& value, std::string where);

    // Each gives nothing when the member is missing and throws SpecError when its type or range is
    // wrong.
    std::optional<std::string> text(std::string_view name, std::size_t size_max = 8192);
    std::optional<std::int64_t> integer(
        std::string_view name,
        std::int64_t least = std::numeric_limits<std::int64_t>::min(),
        std::int64_t most = std::numeric_limits<std::int64_t>::max());
    std::optional<bool> flag(std::string_view name);
    std::optional<std::vector<std::string>> texts(std::string_view name,
                                                  std::size_t count_max = 1000);
    json::object const* object(std::string_view name);
    json::array const* list(std::string_view name, std::size_t count_max = 100'000);
    json::value const* any(std::string_view name);
    bool is_null(std::string_view name);

    // The same, for members that have to be there.
    std::string need_text(std::string_view name, std::size_t size_max = 8192);
    std::int64_t need_integer(std::string_view name,
                              std::int64_t least = std::numeric_limits<std::int64_t>::min(),
                              std::int64_t most = std::numeric_limits<std::int64_t>::max());
    bool need_flag(std::string_view name);

    /// Members of the object that were not asked for.
    std::vector<std::string> unknown() const;
    /// Throws SpecError naming the first unknown member and the nearest known one.
    void done() const;

    std::string const& where() const { return where_; }
    std::string path(std::string_view name) const;

 private:
    json::value const* find(std::string_view name);

    json::object const* object_;
    std::string where_;
    std::vector<std::string> asked_;
};

/// Parses a JSON text that has to be an object. Throws SpecError.
json::object parse_object(std::string_view text, std::string const& what);

}  // namespace postrider::tiktok::emulator
