// Options of a post against the descriptor: names, types, values, reserved choices, exclusions.
// What one creator is offered today is not here: the adapter's validate() knows that.
#include <postrider/adapter/descriptor.hpp>

#include <postrider/catalogue.hpp>
#include <postrider/server_url.hpp>
#include <postrider/suggest.hpp>

#include "json_values.hpp"

#include <boost/json/array.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <optional>

namespace postrider::adapter {

namespace {

namespace json = boost::json;

// One member name inside a JSON Pointer.
std::string pointer_escaped(std::string_view name) {
    std::string text;
    for (char const letter : name) {
        if (letter == '~')
            text += "~0";
        else if (letter == '/')
            text += "~1";
        else
            text += letter;
    }
    return text;
}

std::string_view view(json::string const& text) {
    return {text.data(), text.size()};
}

bool applies_to_kind(OptionSpec const& option, PostKind kind) {
    return option.kinds.empty() ||
           std::find(option.kinds.begin(), option.kinds.end(), kind) != option.kinds.end();
}

// A post that may go either way has the options of both ways.
bool applies_to_deliver(OptionSpec const& option, Deliver deliver) {
    if (option.deliver.empty()) return true;
    return std::any_of(option.deliver.begin(), option.deliver.end(), [&](Deliver candidate) {
        return candidate == deliver || candidate == Deliver::direct_or_inbox ||
               deliver == Deliver::direct_or_inbox;
    });
}

bool applies(OptionSpec const& option, Post const& post) {
    return applies_to_kind(option, post.kind) && applies_to_deliver(option, post.deliver);
}

std::optional<std::int64_t> whole_number(json::value const& value) {
    if (value.is_int64()) return value.get_int64();
    auto const max = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
    if (value.is_uint64() && value.get_uint64() <= max)
        return static_cast<std::int64_t>(value.get_uint64());
    return std::nullopt;
}

// The value in the words that exclusions are written in.
std::string value_text(json::value const& value) {
    if (value.is_bool()) return value.get_bool() ? "true" : "false";
    if (value.is_string()) return std::string{view(value.get_string())};
    if (auto const number = whole_number(value)) return fmt::format("{}", *number);
    return {};
}

bool outside(OptionSpec const& option, std::int64_t number) {
    bool const bounded = option.integer_min != 0 || option.integer_max != 0;
    return bounded && (number < option.integer_min || number > option.integer_max);
}

class Checker {
 public:
    Checker(Descriptor const& descriptor, Post const& post, CreatorFacts const* facts)
        : descriptor_(descriptor), post_(post), facts_(facts) {}

    std::vector<Finding> run() {
        for (auto const& member : post_.options) {
            auto const* option = find_option(descriptor_, member.key());
            if (option)
                check_given(*option, member.value());
            else
                unknown(member.key(), member.value());
        }
        for (auto const& option : descriptor_.options) check_present(option);
        for (auto const& option : descriptor_.options) check_exclusions(option);
        return std::move(findings_);
    }

 private:
    Finding& add(std::string_view code, std::string_view name, std::string message) {
        Finding finding;
        finding.code = code;
        finding.message = std::move(message);
        finding.path = fmt::format("/options/{}/{}", descriptor_.network, pointer_escaped(name));
        return findings_.emplace_back(std::move(finding));
    }

    Finding& add_value(std::string_view code,
                       OptionSpec const& option,
                       json::value const& value,
                       std::string message) {
        auto& finding = add(code, option.name, std::move(message));
        if (!option.secret) finding.got = detail::finite_copy(value);
        return finding;
    }

    void unknown(std::string_view name, json::value const& value) {
        std::vector<std::string> known;
        for (auto const& option : descriptor_.options)
            if (applies(option, post_)) known.push_back(option.name);
        auto const nearest = nearest_name(name, known);
        auto const advice = nearest.empty() ? fmt::format("`postrider network show {}` lists them",
                                                          descriptor_.network)
                                            : fmt::format("did you mean '{}'?", nearest);
        auto& finding =
            add("option.unknown",
                name,
                fmt::format("{} has no option '{}': {}.", descriptor_.network, name, advice));
        if (!nearest.empty()) finding.message.pop_back();  // the question mark ends the sentence
        // A value under a name that nobody knows may be anything, a secret too: only simple ones
        // are shown.
        if (value.is_bool() || value.is_int64()) finding.got = value;
        for (auto const& option : known) finding.allowed.emplace_back(option);
    }

    void check_given(OptionSpec const& option, json::value const& value) {
        if (!applies_to_kind(option, post_.kind)) {
            add_value(
                "option.not_allowed",
                option,
                value,
                fmt::format(
                    "A {} post has no option '{}': leave it out.", word(post_.kind), option.name));
            return;
        }
        if (!applies_to_deliver(option, post_.deliver)) {
            add_value(
                "option.not_allowed",
                option,
                value,
                fmt::format("'{}' cannot be set when deliver is '{}': leave it out, the creator "
                            "chooses in the network's own app.",
                            option.name,
                            word(post_.deliver)));
            return;
        }
        if (is_ask(value)) {
            if (option.reserved || option.askable) return;
            add_value(
                "script.choice_not_ask",
                option,
                value,
                fmt::format("'{}' cannot be left to the approver: write its value.", option.name));
            return;
        }
        check_type(option, value);
    }

    void check_type(OptionSpec const& option, json::value const& value) {
        switch (option.type) {
            case OptionType::boolean:
                if (!value.is_bool()) wrong_type(option, value, "true or false");
                return;
            case OptionType::integer:
                if (auto const number = whole_number(value)) {
                    if (outside(option, *number)) out_of_bounds(option, value);
                } else {
                    wrong_type(option, value, "a whole number");
                }
                return;
            case OptionType::text:
                if (!value.is_string() || !is_valid_utf8(view(value.get_string())))
                    wrong_type(option, value, "text");
                return;
            case OptionType::choice:
                check_choice(option, value);
                return;
            case OptionType::duration:
                check_duration(option, value);
                return;
            case OptionType::url:
                if (!value.is_string() || !is_server_url(view(value.get_string())))
                    wrong_type(option, value, "an address that begins with http:// or https://");
                return;
        }
    }

    void check_choice(OptionSpec const& option, json::value const& value) {
        if (!value.is_string()) {
            wrong_type(option, value, "one of its words");
            return;
        }
        std::vector<std::string> known;
        for (auto const& candidate : option.values) known.push_back(candidate.value);
        auto const given = view(value.get_string());
        if (std::find(known.begin(), known.end(), given) != known.end()) return;
        if (is_offered(option.name, given)) return;
        auto const nearest = nearest_name(given, known);
        auto& finding = add_value(
            "option.not_allowed",
            option,
            value,
            nearest.empty() ? fmt::format("'{}' of {} takes one of: {}.",
                                          option.name,
                                          descriptor_.network,
                                          fmt::join(known, ", "))
                            : fmt::format("'{}' of {} does not take this value: did you mean '{}'?",
                                          option.name,
                                          descriptor_.network,
                                          nearest));
        for (auto const& candidate : known) finding.allowed.emplace_back(candidate);
    }

    bool is_offered(std::string const& option, std::string_view value) const {
        if (!facts_) return false;
        auto const offered = facts_->offered.find(option);
        return offered != facts_->offered.end() &&
               std::find(offered->second.begin(), offered->second.end(), value) !=
                   offered->second.end();
    }

    // Bounds of a duration are milliseconds.
    void check_duration(OptionSpec const& option, json::value const& value) {
        auto const duration = value.is_string() ? parse_duration(view(value.get_string()))
                                                : std::optional<Milliseconds>{};
        if (!duration)
            wrong_type(option, value, "a duration such as \"1s\" or \"1m30s\"");
        else if (outside(option, duration->count()))
            out_of_bounds(option, value);
    }

    void wrong_type(OptionSpec const& option, json::value const& value, std::string_view wanted) {
        auto& finding = add_value(
            "option.wrong_type",
            option,
            value,
            fmt::format("'{}' of {} must be {}.", option.name, descriptor_.network, wanted));
        if (option.type == OptionType::boolean) finding.allowed = json::array{true, false};
        for (auto const& candidate : option.values) finding.allowed.emplace_back(candidate.value);
    }

    void out_of_bounds(OptionSpec const& option, json::value const& value) {
        auto const show = [&](std::int64_t bound) {
            return option.type == OptionType::duration ? to_duration_text(Milliseconds{bound})
                                                       : fmt::format("{}", bound);
        };
        add_value("option.not_allowed",
                  option,
                  value,
                  fmt::format("'{}' of {} must be from {} to {}.",
                              option.name,
                              descriptor_.network,
                              show(option.integer_min),
                              show(option.integer_max)));
    }

    void check_present(OptionSpec const& option) {
        if (!option.reserved || !applies(option, post_)) return;
        if (post_.options.contains(option.name)) return;
        auto& finding =
            add("script.choice_missing",
                option.name,
                fmt::format("'{}' belongs to a person and has no default: write a value, or "
                            "leave it to the approver with ask.",
                            option.name));
        if (option.type == OptionType::boolean) finding.allowed = json::array{true, false};
        for (auto const& candidate : option.values) finding.allowed.emplace_back(candidate.value);
    }

    void check_exclusions(OptionSpec const& option) {
        auto const* value = post_.options.if_contains(option.name);
        if (!value || !applies(option, post_)) return;
        for (auto const& exclusion : option.exclusions) {
            auto const* other = post_.options.if_contains(exclusion.other_option);
            if (!other || value_text(*value) != exclusion.value ||
                value_text(*other) != exclusion.other_value)
                continue;
            add_value("option.excluded", option, *value, exclusion.sentence);
        }
    }

    Descriptor const& descriptor_;
    Post const& post_;
    CreatorFacts const* facts_;
    std::vector<Finding> findings_;
};

}  // namespace

bool is_ask(json::value const& value) {
    if (!value.is_object()) return false;
    auto const& object = value.get_object();
    if (!detail::bool_member(object, "ask")) return false;
    auto const* note = object.if_contains("note");
    if (note && !note->is_string()) return false;
    return object.size() == (note ? 2U : 1U);
}

std::vector<Finding> check_options(Descriptor const& descriptor,
                                   Post const& post,
                                   CreatorFacts const* facts) {
    return Checker(descriptor, post, facts).run();
}

}  // namespace postrider::adapter
