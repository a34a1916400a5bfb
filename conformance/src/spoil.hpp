// Changing the JSON of an answer without knowing whose it is.
#pragma once

#include <map>
#include <optional>
#include <string>

namespace postrider::conformance {

/// The body with every member called `status`, `state`, `phase` or `stage` saying a word that
/// nobody has seen; nothing where there is no such text.
std::optional<std::string> with_new_word(std::string const& body);

/// Gives every id that the network hands out 19 digits, as long as a signed 64-bit number can be,
/// and takes it back in requests.
class LongIds {
 public:
    /// Members called `id`, or ending in `_id` or `_ids`; `keep` are ids that were known before.
    std::string lengthen(std::string const& body, std::string const& keep);
    [[nodiscard]] std::string shorten(std::string text) const;
    [[nodiscard]] std::string shorten_id(std::string const& id) const;
    [[nodiscard]] int count() const { return static_cast<int>(longer_.size()); }

 private:
    std::string longer(std::string const& id);

    std::map<std::string, std::string> longer_;
};

}  // namespace postrider::conformance
