// See probe_answer.hpp.
#include "probe_answer.hpp"

#include <postrider/catalogue.hpp>

#include <fmt/format.h>
#include <boost/json.hpp>

namespace postrider::core::detail {
namespace {

namespace json = boost::json;

bool is_hash(std::string_view text) {
    constexpr std::string_view prefix = "sha256:";
    if (!text.starts_with(prefix) || text.size() != prefix.size() + 64) return false;
    return text.find_first_not_of("0123456789abcdef", prefix.size()) == std::string_view::npos;
}

std::string text_of(json::object const& object, char const* name) {
    json::value const* member = object.if_contains(name);
    return member != nullptr && member->is_string() ? std::string(member->get_string())
                                                    : std::string();
}

bool is_refusal(json::object const& answer) {
    return !answer.at("ok").get_bool();
}

Error refusal(std::filesystem::path const& path, json::object const& answer) {
    std::string const code = text_of(answer, "code");
    if (!code.starts_with("media.") || find_error_row(code) == nullptr)
        return trouble(
            "media.damaged", path, "was refused by the probe for no known reason; export it again");
    return make_error(code, text_of(answer, "message"))
        .with_operation("media.probe")
        .with("path", path.string());
}

Error senseless(std::filesystem::path const& helper) {
    return helper_trouble(helper,
                          "its answer makes no sense; install it and postrider from one build");
}

}  // namespace

std::string shown(std::filesystem::path const& path) {
    std::string text = path.string();
    for (char& letter : text)
        if (static_cast<unsigned char>(letter) < 0x20 || letter == 0x7f) letter = '?';
    return text;
}

Error trouble(std::string_view code, std::filesystem::path const& path, std::string_view sentence) {
    return make_error(code, fmt::format("'{}' {}.", shown(path), sentence))
        .with_operation("media.probe")
        .with("path", path.string());
}

Error helper_trouble(std::filesystem::path const& helper, std::string_view reason) {
    return make_error(
               "setup.helper_missing",
               fmt::format("The media probe '{}' cannot be used: {}.", shown(helper), reason))
        .with_operation("media.probe")
        .with("helper", helper.string());
}

std::optional<json::object> parse_answer(std::string_view line, std::string_view path) {
    json::parse_options options;
    options.allow_invalid_utf8 = true;  // paths are bytes
    json::error_code fault;
    json::value const value =
        json::parse(json::string_view(line.data(), line.size()), fault, {}, options);
    if (fault || !value.is_object() || text_of(value.get_object(), "path") != path)
        return std::nullopt;
    json::value const* ok = value.get_object().if_contains("ok");
    if (ok == nullptr || !ok->is_bool()) return std::nullopt;
    return value.get_object();
}

Result<adapter::MediaFacts> facts_of(json::object const& answer,
                                     std::filesystem::path const& helper,
                                     std::filesystem::path const& path) {
    if (is_refusal(answer)) return refusal(path, answer);
    adapter::MediaFacts facts = adapter::media_facts_from_json(answer);
    if (!is_hash(facts.sha256) || facts.kind.empty() || facts.width < 0 || facts.height < 0 ||
        facts.duration_ms < 0)
        return senseless(helper);
    return facts;
}

Result<std::string> hash_of(json::object const& answer,
                            std::filesystem::path const& helper,
                            std::filesystem::path const& path) {
    if (is_refusal(answer)) return refusal(path, answer);
    std::string hash = text_of(answer, "sha256");
    if (!is_hash(hash)) return senseless(helper);
    return hash;
}

}  // namespace postrider::core::detail
