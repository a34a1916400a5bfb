// Reading and typing NAME=VALUE.
#include "operations/app/options.hpp"

#include <postrider/catalogue.hpp>
#include <postrider/server_url.hpp>
#include <postrider/suggest.hpp>

#include <boost/json/array.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace postrider::cli {

namespace {

Finding option_finding(std::string code,
                       std::string path,
                       std::string message,
                       std::string const& got) {
    Finding finding;
    finding.code = std::move(code);
    finding.path = std::move(path);
    finding.message = std::move(message);
    finding.got = boost::json::string(got);
    return finding;
}

}  // namespace

WrittenOption written_option(std::string const& text) {
    auto const equals = text.find('=');
    if (equals == std::string::npos) return {text, {}, false};
    return {text.substr(0, equals), text.substr(equals + 1), true};
}

Result<boost::json::value> typed_option(adapter::OptionSpec const& spec,
                                        std::string const& text,
                                        std::string const& path) {
    auto const refuse = [&](char const* code, std::string message, std::string_view advice) {
        if (!spec.secret) message += fmt::format(", not '{}'", text);
        message += advice;
        auto finding = option_finding(code, path, message, spec.secret ? std::string() : text);
        if (spec.secret) finding.got = nullptr;
        for (auto const& value : spec.values) finding.allowed.emplace_back(value.value);
        return make_error(code, std::move(message)).with_at(std::move(finding));
    };
    auto const wrong = [&](std::string message, std::string_view advice = {}) {
        return refuse("option.wrong_type", std::move(message), advice);
    };
    auto const outside = [&](std::string message) {
        return refuse("option.not_allowed", std::move(message), {});
    };
    bool const bounded = spec.integer_min != 0 || spec.integer_max != 0;
    if (text == "ask" && (spec.reserved || spec.askable)) {
        boost::json::object open;
        open["ask"] = true;
        return boost::json::value(std::move(open));
    }
    switch (spec.type) {
        case adapter::OptionType::boolean:
            if (text == "true" || text == "yes") return boost::json::value(true);
            if (text == "false" || text == "no") return boost::json::value(false);
            return wrong(fmt::format("{} is true or false", spec.name));
        case adapter::OptionType::integer: {
            std::int64_t number = 0;
            auto const read = std::from_chars(text.data(), text.data() + text.size(), number);
            if (read.ec != std::errc{} || read.ptr != text.data() + text.size())
                return wrong(fmt::format("{} is a whole number", spec.name));
            if (bounded && (number < spec.integer_min || number > spec.integer_max))
                return outside(fmt::format(
                    "{} is from {} to {}", spec.name, spec.integer_min, spec.integer_max));
            return boost::json::value(number);
        }
        case adapter::OptionType::choice: {
            for (auto const& value : spec.values)
                if (value.value == text) return boost::json::value(boost::json::string(text));
            std::vector<std::string> known;
            for (auto const& value : spec.values) known.push_back(value.value);
            // Some networks offer values that no descriptor can list; those are checked by the
            // adapter.
            if (known.empty()) return boost::json::value(boost::json::string(text));
            auto const near = nearest_name(text, known);
            return wrong(fmt::format("{} is one of {}", spec.name, fmt::join(known, ", ")),
                         near.empty() ? "" : fmt::format("; did you mean '{}'?", near));
        }
        case adapter::OptionType::duration:
            if (auto const duration = parse_duration(text); !duration)
                return wrong(fmt::format("{} is a duration such as 1500ms or 3s", spec.name));
            else if (bounded &&
                     (duration->count() < spec.integer_min || duration->count() > spec.integer_max))
                return outside(fmt::format("{} is from {} to {}",
                                           spec.name,
                                           to_duration_text(Milliseconds{spec.integer_min}),
                                           to_duration_text(Milliseconds{spec.integer_max})));
            break;
        case adapter::OptionType::url:
            if (is_server_url(text)) break;
            return wrong(
                fmt::format("{} is an address such as {}",
                            spec.name,
                            spec.default_text.empty() ? "https://api.example" : spec.default_text));
        case adapter::OptionType::text:
            break;
    }
    return boost::json::value(boost::json::string(text));
}

std::vector<Finding> set_app_options(std::span<adapter::OptionSpec const> specs,
                                     std::vector<std::string> const& written,
                                     boost::json::object& options) {
    std::vector<Finding> problems;
    std::vector<std::string> known;
    for (auto const& spec : specs) known.push_back(spec.name);
    std::size_t index = 0;
    for (auto const& text : written) {
        auto const path = fmt::format("/option/{}", index++);
        auto const option = written_option(text);
        if (!option.has_value) {
            problems.push_back(option_finding(
                "usage.bad_value", path, fmt::format("'{}' should read NAME=VALUE", text), text));
            continue;
        }
        auto const spec =
            std::find_if(specs.begin(), specs.end(), [&](adapter::OptionSpec const& one) {
                return one.name == option.name;
            });
        if (spec == specs.end()) {
            auto message = fmt::format("this network's apps have no option '{}'", option.name);
            if (auto const near = nearest_name(option.name, known); !near.empty())
                message += fmt::format("; did you mean '{}'?", near);
            auto finding = option_finding("option.unknown", path, message, option.name);
            for (auto const& name : known) finding.allowed.emplace_back(name);
            problems.push_back(std::move(finding));
            continue;
        }
        if (option.value.empty()) {
            options.erase(option.name);
            continue;
        }
        auto const typed = typed_option(*spec, option.value, path);
        if (!typed) {
            problems.insert(problems.end(), typed.error().at().begin(), typed.error().at().end());
            continue;
        }
        options[option.name] = option.value;
    }
    return problems;
}

}  // namespace postrider::cli
