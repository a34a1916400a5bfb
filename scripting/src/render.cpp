// Rendering is the same for everyone: nothing is trimmed, added or normalised, and only what may be
// shortened is.
#include "render.hpp"

#include "zone.hpp"

#include <fmt/format.h>

namespace postrider::script {
namespace {

std::string fill(std::vector<TemplatePart> const& parts,
                 std::map<std::string, std::string> const& values) {
    std::string text;
    for (auto const& part : parts) text += part.name ? values.at(part.text) : part.text;
    return text;
}

// The value without its last word; an ellipsis tells that something went. Empty when there is
// nothing left to take.
std::string without_last_word(std::string value) {
    constexpr std::string_view ellipsis = "…";
    if (value.ends_with(ellipsis)) value.resize(value.size() - ellipsis.size());
    auto const blank = value.find_last_of(" \t\n");
    if (blank == std::string::npos) return {};
    value.resize(blank);
    while (!value.empty() && (value.back() == ' ' || value.back() == '\t' || value.back() == '\n' ||
                              value.back() == ','))
        value.pop_back();
    if (value.empty()) return {};
    return value + std::string(ellipsis);
}

}  // namespace

std::vector<TemplatePart> parse_template(std::string_view text) {
    std::vector<TemplatePart> parts;
    std::string plain;
    auto const fail = [&](std::string_view what) {
        throw ScriptError("script.template",
                          fmt::format("{} in the template; write {{{{ and }}}} for braces", what))
            .at(std::string(text));
    };
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '{' && text[i] != '}') {
            plain += text[i];
        } else if (i + 1 < text.size() && text[i + 1] == text[i]) {
            plain += text[i++];
        } else if (text[i] == '}') {
            fail("a '}' without its '{'");
        } else {
            auto const end = text.find('}', i);
            if (end == std::string_view::npos) fail("a '{' without its '}'");
            if (!plain.empty()) parts.push_back({false, std::move(plain)});
            plain.clear();
            parts.push_back({true, std::string(text.substr(i + 1, end - i - 1))});
            i = end;
        }
    }
    if (!plain.empty()) parts.push_back({false, std::move(plain)});
    return parts;
}

std::string render(CaptionValue const& caption,
                   std::string_view network,
                   std::string_view seed,
                   adapter::TextField const* field) {
    auto const own = caption.networks.find(std::string(network));
    auto const& text = own != caption.networks.end() ? own->second : caption.text;
    if (caption.plain) return text;
    auto const parts = parse_template(text);
    auto values = caption.values;
    for (auto const& [name, choices] : caption.vary)
        values[name] = choices[seeded(fmt::format("vary\n{}\n{}", seed, name)) % choices.size()];
    auto result = fill(parts, values);
    if (!caption.shorten || !field || field->length_max == 0) return result;
    // The last name gives way first, down to nothing, then the one before it.
    for (auto name = caption.shorten_names.rbegin(); name != caption.shorten_names.rend(); ++name)
        while (text_length(result, field->unit) > field->length_max && !values[*name].empty()) {
            values[*name] = without_last_word(std::move(values[*name]));
            result = fill(parts, values);
        }
    return result;
}

}  // namespace postrider::script
