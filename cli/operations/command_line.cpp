// Finds the command among the arguments, and lets CLI11 read its flags.
#include "operations/command_line.hpp"

#include "operations/globals.hpp"
#include "operations/table.hpp"

#include <postrider/catalogue.hpp>
#include <postrider/suggest.hpp>

#include <CLI/CLI.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <utility>

namespace postrider::cli {

namespace {

bool is_flag(std::string const& word) {
    return word.size() > 1 && word.front() == '-';
}

// `--output=json` names `output`; empty when it is no global flag.
InputSpec const* global_of(std::string const& word) {
    if (word == "-o") return find_input(global_inputs(), "output");
    if (!word.starts_with("--")) return nullptr;
    auto name = word.substr(
        2, word.find('=') == std::string::npos ? std::string::npos : word.find('=') - 2);
    std::replace(name.begin(), name.end(), '-', '_');
    return find_input(global_inputs(), name);
}

// Whether the word after this flag is its value, for flags that stand before the command.
bool takes_next_word(std::string const& word) {
    auto const* global = global_of(word);
    return global && global->type != InputType::boolean && word.find('=') == std::string::npos;
}

Error unknown_command(std::string const& typed, std::vector<std::string> const& known) {
    auto message = fmt::format("there is no command '{}'", typed);
    auto const near = nearest_name(typed, known);
    if (!near.empty()) message += fmt::format("; did you mean '{}'?", near);
    Finding finding;
    finding.code = "usage.unknown_command";
    finding.message = message;
    finding.got = boost::json::string(typed);
    for (auto const& name : known) finding.allowed.emplace_back(name);
    return make_error("usage.unknown_command", message).with_at(std::move(finding));
}

LaterCommand const* later_command(std::string_view name) {
    for (auto const& later : later_commands())
        if (later.name == name) return &later;
    return nullptr;
}

// A noun of which every verb belongs to a later stage.
LaterCommand const* later_command_of(std::string const& noun,
                                     std::optional<std::string> const& verb) {
    if (verb)
        if (auto const* later = later_command(noun + "." + *verb)) return later;
    for (auto const& later : later_commands())
        if (later.name.starts_with(noun + ".")) return &later;
    return nullptr;
}

Error later_stage(LaterCommand const& later, std::string const& command) {
    return make_error(
               "usage.later_stage",
               fmt::format(
                   "'{}' belongs to stage {} and is not in this version", command, later.stage))
        .with("stage", std::to_string(later.stage));
}

// An operation that is one word on the command line; `job.wait` is the name of one that is two.
Operation const* one_word_operation(std::string const& word) {
    return word.find('.') == std::string::npos ? find_operation(word) : nullptr;
}

void choose(CommandWords& words, std::string const& noun, std::optional<std::string> const& verb) {
    words.command = noun;
    if (auto const* alone = one_word_operation(noun)) {
        words.operation = alone;
        return;
    }
    if (auto const* later = later_command(noun)) {
        words.error = later_stage(*later, noun);
        return;
    }
    auto const verbs = operations_of(noun);
    if (auto const* later = verbs.empty() ? later_command_of(noun, verb) : nullptr) {
        words.command = verb ? noun + " " + *verb : noun;
        words.error = later_stage(*later, words.command);
        return;
    }
    if (verbs.empty()) {
        auto known = first_words();
        if (auto const* dotted = find_operation(noun)) known = {command_of(*dotted)};
        words.error = unknown_command(noun, known);
        words.command.clear();
        return;
    }
    std::vector<std::string> known;
    for (auto const* operation : verbs) known.emplace_back(operation->name.substr(noun.size() + 1));
    if (!verb) {
        if (words.help) return;
        words.error =
            make_error("usage.unknown_command",
                       fmt::format("'{}' needs one of: {}", noun, fmt::join(known, ", ")));
        return;
    }
    auto const name = noun + "." + *verb;
    words.operation = find_operation(name);
    if (words.operation) {
        words.command = noun + " " + *verb;
    } else if (auto const* later = later_command(name)) {
        words.error = later_stage(*later, noun + " " + *verb);
        words.command = noun + " " + *verb;
    } else {
        words.error = unknown_command(noun + " " + *verb, [&] {
            std::vector<std::string> whole;
            for (auto const& one : known) whole.push_back(noun + " " + one);
            return whole;
        }());
    }
}

std::string placeholder_text(InputSpec const& input) {
    return input.positional ? std::string(input.name) : flag_of(input.name);
}

}  // namespace

CommandWords read_command(std::vector<std::string> const& arguments) {
    CommandWords words;
    std::vector<std::size_t> places;  // of the first two words that are no flags
    for (std::size_t i = 0; i < arguments.size() && places.size() < 2; ++i) {
        auto const& word = arguments[i];
        if (word == "--") break;
        if (word == "--help" || word == "-h") {
            words.help = true;
        } else if (word == "--version" && places.empty()) {
            words.version = true;
        } else if (is_flag(word)) {
            if (takes_next_word(word)) ++i;
        } else {
            places.push_back(i);
            if (places.size() == 1 && one_word_operation(word)) break;
        }
    }
    if (!places.empty()) {
        std::optional<std::string> verb;
        if (places.size() == 2) verb = arguments[places[1]];
        choose(words, arguments[places[0]], verb);
    }
    bool const two_words =
        words.operation && words.operation->name.find('.') != std::string_view::npos;
    for (std::size_t i = 0; i < arguments.size(); ++i) {
        bool const command_word =
            (!places.empty() && i == places[0]) || (two_words && i == places[1]);
        bool const passed_on = words.operation && words.operation->passes_on;
        if (!command_word && (arguments[i] == "--help" || arguments[i] == "-h") && !passed_on)
            words.help = true;
        else if (words.version && !words.operation && arguments[i] == "--version")
            continue;
        else if (!command_word)
            words.rest.push_back(arguments[i]);
    }
    return words;
}

namespace {

// The first word is ours, everything after it belongs to the program that is started.
TypedRequest read_passed_on(Operation const& operation, std::vector<std::string> const& rest) {
    TypedRequest request;
    auto const* input = &operation.inputs.front();
    for (auto const& word : rest) {
        request.inputs.push_back({input, word});
        input = &operation.inputs.back();
    }
    return request;
}

}  // namespace

TypedRequest read_flags(Operation const& operation, std::vector<std::string> const& rest) {
    if (operation.passes_on) return read_passed_on(operation, rest);
    TypedRequest request;
    CLI::App app;
    app.set_help_flag();
    app.allow_extras();
    // A deque: CLI11 keeps pointers to what it fills.
    struct Slot {
        InputSpec const* input;
        bool global;
        std::vector<std::string> texts;
        CLI::Option* option;
    };
    std::deque<Slot> slots;
    auto add = [&](InputSpec const& input, bool global) {
        auto& slot = slots.emplace_back(Slot{&input, global, {}, nullptr});
        if (input.type == InputType::boolean && !input.positional) {
            slot.option = app.add_flag(flag_of(input.name));
            return;
        }
        auto names = input.positional ? std::string(input.name) : flag_of(input.name);
        if (global && input.name == "output") names = "-o,--output";
        slot.option = app.add_option(names, slot.texts);
        slot.option->allow_extra_args(input.positional && input.repeatable);
        slot.option->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
        if (input.positional && !input.repeatable) slot.option->expected(1);
    };
    for (auto const& input : operation.inputs) add(input, false);
    for (auto const& input : global_inputs())
        if (has_global(operation, input.name)) add(input, true);

    auto reversed = rest;
    std::reverse(reversed.begin(), reversed.end());
    try {
        app.parse(std::move(reversed));
    } catch (CLI::ParseError const& fault) {
        Finding finding;
        finding.code = "usage.bad_value";
        finding.message = fault.what();
        request.problems.push_back(std::move(finding));
        return request;
    }
    for (auto const& slot : slots) {
        if (slot.option->count() == 0) continue;
        auto& typed = slot.global ? request.globals : request.inputs;
        if (slot.input->type == InputType::boolean && !slot.input->positional) {
            typed.push_back(
                {slot.input, slot.option->as<std::string>() == "false" ? "false" : "true"});
            continue;
        }
        for (auto const& text : slot.texts) typed.push_back({slot.input, text});
        if (!slot.input->repeatable && slot.texts.size() > 1) {
            Finding finding;
            finding.code = "usage.bad_value";
            finding.path = "/" + std::string(slot.input->name);
            finding.message = placeholder_text(*slot.input) + " may be given once";
            request.problems.push_back(std::move(finding));
        }
    }
    std::vector<std::string> known;
    for (auto const& slot : slots)
        if (!slot.input->positional) known.push_back(flag_of(slot.input->name));
    bool after_unknown = false;  // the word after an unknown flag is its value, most likely
    for (auto const& extra : app.remaining()) {
        Finding finding;
        finding.got = boost::json::string(extra);
        if (std::exchange(after_unknown, is_flag(extra)) && !is_flag(extra)) continue;
        if (is_flag(extra)) {
            auto const flag = extra.substr(0, extra.find('='));
            finding.code = "usage.unknown_flag";
            if (flag == "--workspace") {
                finding.code = "usage.later_stage";
                finding.message = fmt::format("{} belongs to a later stage", flag);
                request.problems.push_back(std::move(finding));
                continue;
            }
            finding.message = fmt::format("{} has no flag {}", command_of(operation), flag);
            auto const* global = global_of(flag);
            if (global && flag != "-o") {
                finding.message = fmt::format("{} has no use for {}", command_of(operation), flag);
            } else if (auto const near = nearest_name(flag, known); !near.empty()) {
                finding.message += fmt::format("; did you mean {}?", near);
            }
            for (auto const& name : known) finding.allowed.emplace_back(name);
        } else {
            finding.code = "usage.bad_value";
            finding.message = fmt::format("'{}' is one word too many", extra);
        }
        request.problems.push_back(std::move(finding));
    }
    return request;
}

std::optional<std::string> early_flag(std::vector<std::string> const& arguments,
                                      std::string_view name) {
    std::optional<std::string> found;
    for (std::size_t i = 0; i < arguments.size(); ++i) {
        auto const* global = global_of(arguments[i]);
        if (!global || global->name != name) continue;
        auto const equals = arguments[i].find('=');
        if (global->type == InputType::boolean)
            found = "true";
        else if (equals != std::string::npos)
            found = arguments[i].substr(equals + 1);
        else if (i + 1 < arguments.size())
            found = arguments[i + 1];
    }
    return found;
}

}  // namespace postrider::cli
