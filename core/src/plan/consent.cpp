// The words that a person must have seen before these choices are sent, each with its hash, so that
// the record of an approval can prove them.
#include <postrider/core/canonical_json.hpp>
#include <postrider/core/plan.hpp>

#include "job/json_members.hpp"

#include <algorithm>
#include <string>

namespace postrider::core {
namespace {

namespace json = boost::json;

// A choice in the words that descriptors are written in; empty while it is open.
std::string choice_text(json::object const& options, std::string_view name) {
    auto const* value = options.if_contains(name);
    if (!value) return {};
    if (value->is_bool()) return value->get_bool() ? "true" : "false";
    if (value->is_string()) return std::string{detail::view(value->get_string())};
    if (value->is_int64()) return std::to_string(value->get_int64());
    return {};
}

json::object word_seen(std::string_view kind,
                       std::string const& text,
                       std::vector<std::string> const& links,
                       std::string const& option,
                       std::string const& value) {
    json::object object;
    object["kind"] = kind;
    object["text"] = text;
    object["links"] = detail::texts_json(links);
    object["option"] = detail::text_or_null(option);
    object["value"] = detail::text_or_null(value);
    object["sha256"] = sha256_text(text);
    return object;
}

}  // namespace

json::array consent_words(adapter::Descriptor const& descriptor, JobSpec const& spec) {
    json::array words;
    auto const& options = spec.post.options;
    for (auto const& declaration : descriptor.declarations) {
        auto const value =
            declaration.option.empty() ? std::string() : choice_text(options, declaration.option);
        bool const chosen = declaration.option.empty() ||
                            (!value.empty() && std::find(declaration.values.begin(),
                                                         declaration.values.end(),
                                                         value) != declaration.values.end());
        if (chosen)
            words.push_back(word_seen(
                "declaration", declaration.text, declaration.links, declaration.option, value));
    }
    for (auto const& option : descriptor.options) {
        auto const value = choice_text(options, option.name);
        for (auto const& notice : option.notices)
            if (!value.empty() && notice.value == value)
                words.push_back(word_seen("notice", notice.sentence, {}, option.name, value));
    }
    for (auto const& sentence : descriptor.consent_notice)
        words.push_back(word_seen("notice", sentence, {}, {}, {}));
    return words;
}

}  // namespace postrider::core
