// Patterns that people write: globs over paths, Lua patterns (whose cost is bounded before they
// run), and templates of captions. The first line is the pattern, the rest is what it meets.
#include "files.hpp"
#include "patterns.hpp"
#include "promise.hpp"
#include "render.hpp"
#include "script_error.hpp"

#include <postrider/text_length.hpp>

#include <algorithm>

namespace {

using namespace postrider;
using namespace postrider::script;

// The plain meaning of a glob without `**`, letter by letter; exponential, so only for short ones.
bool plainly_matches(std::string_view glob, std::string_view name) {
    if (glob.empty()) return name.empty();
    if (glob.front() == '*') {
        for (std::size_t n = 0; n <= name.size(); ++n) {
            if (plainly_matches(glob.substr(1), name.substr(n))) return true;
            if (n < name.size() && name[n] == '/') return false;
        }
        return false;
    }
    if (name.empty()) return false;
    if (glob.front() != '?' && glob.front() != name.front()) return false;
    if (glob.front() == '?' && name.front() == '/') return false;
    return plainly_matches(glob.substr(1), name.substr(1));
}

// A path of at least one name, and no names that mean something else.
bool is_plain(std::string_view text) {
    return !text.empty() &&
           std::all_of(
               text.begin(), text.end(), [](unsigned char c) { return c > 0x20 && c < 0x7f; }) &&
           text.find("//") == std::string_view::npos && text.find('.') == std::string_view::npos &&
           !text.starts_with('/') && !text.ends_with('/');
}

void render_template(std::string const& text, std::string const& value) {
    CaptionValue caption;
    caption.text = text;
    std::vector<TemplatePart> parts;
    try {
        parts = parse_template(text);
    } catch (ScriptError const& error) {
        fuzz::promise(
            error.code == "script.template", "a broken template is called so", error.code);
        return;
    }
    adapter::TextField field;
    field.length_max = 20;
    field.unit = TextUnit::grapheme;
    for (auto const& part : parts)
        if (part.name) {
            caption.values[part.text] = value;
            caption.shorten_names.push_back(part.text);
        }
    caption.shorten = true;
    auto const whole = render(caption, "alpha", "seed", nullptr);
    auto const cut = render(caption, "alpha", "seed", &field);
    fuzz::promise(
        text_length(cut, field.unit) <= std::max<std::size_t>(text_length(whole, field.unit), 20),
        "shortening never lengthens",
        cut);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    std::string_view const text(reinterpret_cast<char const*>(data), size);
    auto const end = std::min(text.find('\n'), text.size());
    auto const pattern = text.substr(0, end);
    auto const subject = text.substr(std::min(end + 1, text.size()));
    bool const matches = glob_matches(pattern, subject);
    if (pattern.size() < 12 && subject.size() < 24 && is_plain(pattern) && is_plain(subject) &&
        pattern.find("**") == std::string_view::npos)
        fuzz::promise(
            matches == plainly_matches(pattern, subject), "a glob means what it says", text);
    auto const cost = pattern_cost(pattern, subject.size());
    fuzz::promise(cost >= 0, "every search costs something", pattern);
    render_template(std::string(pattern), std::string(subject));
    return 0;
}
