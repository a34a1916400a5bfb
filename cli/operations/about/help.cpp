// `postrider help`: words for people and the same things as data.
#include "operations/about/help.hpp"

#include "operations/check.hpp"
#include "operations/context.hpp"
#include "operations/declared.hpp"
#include "operations/globals.hpp"
#include "operations/table.hpp"

#include <postrider/catalogue.hpp>
#include <postrider/suggest.hpp>

#include <boost/json/array.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace postrider::cli {

namespace {

namespace json = boost::json;

std::string upper(std::string_view text) {
    std::string word(text);
    for (auto& c : word)
        c = c == '_' ? '-' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    return word;
}

std::string placeholder_of(InputSpec const& input) {
    if (!input.placeholder.empty()) return std::string(input.placeholder);
    if (input.positional) return upper(input.name);
    switch (input.type) {
        case InputType::integer:
            return "N";
        case InputType::boolean:
            return "";
        case InputType::duration:
            return "DURATION";
        case InputType::instant:
            return "INSTANT";
        case InputType::path:
            return "PATH";
        case InputType::object:
            return "JSON";
        case InputType::choice:
            return std::string(input.values);
        case InputType::text:
            return upper(input.name);
    }
    return "VALUE";
}

std::string flag_text(InputSpec const& input) {
    auto text = input.positional ? placeholder_of(input) : flag_of(input.name);
    if (input.name == "output" && !input.positional) text = "-o, --output";
    auto const placeholder = placeholder_of(input);
    if (!input.positional && !placeholder.empty()) text += " " + placeholder;
    if (input.repeatable) text += "...";
    return text;
}

std::string_view scope_word(Scope scope) {
    switch (scope) {
        case Scope::none:
            return "person";
        case Scope::read:
            return "read";
        case Scope::plan:
            return "plan";
        case Scope::publish:
            return "publish";
        case Scope::admin:
            return "admin";
    }
    return "person";
}

std::string_view effect_word(OperationEffect effect) {
    switch (effect) {
        case OperationEffect::none:
            return "none";
        case OperationEffect::store:
            return "store";
        case OperationEffect::looks:
            return "looks";
        case OperationEffect::sends:
            return "sends";
    }
    return "none";
}

std::string input_lines(InputSpec const& input, std::size_t width) {
    auto const name = flag_text(input);
    auto help = std::string(input.help);
    if (input.required) help += " (needed)";
    if (!input.fallback.empty()) help += fmt::format(" (default {})", input.fallback);
    auto line = "  " + padded(name, width);
    if (display_width(name) > width) line += "\n" + std::string(width + 2, ' ');
    line += "  " + help + "\n";
    if (!input.more.empty()) line += std::string(width + 4, ' ') + std::string(input.more) + "\n";
    return line;
}

std::string input_block(std::string const& title,
                        std::vector<InputSpec const*> const& inputs,
                        Paint const& paint) {
    if (inputs.empty()) return {};
    std::size_t width = 0;
    for (auto const* input : inputs) width = std::max(width, display_width(flag_text(*input)));
    width = std::min<std::size_t>(width, 30);
    auto text = "\n" + paint.bold(title) + "\n";
    for (auto const* input : inputs) text += input_lines(*input, width);
    return text;
}

json::object input_object(InputSpec const& input) {
    json::object object;
    object["name"] = input.name;
    object["flag"] = input.positional ? placeholder_of(input) : flag_of(input.name);
    object["help"] = input.help;
    object["positional"] = input.positional;
    object["repeatable"] = input.repeatable;
    object["required"] = input.required;
    json::array values;
    if (input.type == InputType::choice)
        for (auto const& word : parted(input.values, '|')) values.emplace_back(word);
    object["values"] = std::move(values);
    if (input.fallback.empty())
        object["default"] = nullptr;
    else
        object["default"] = input.fallback;
    return object;
}

json::object short_object(Operation const& operation) {
    json::object object;
    object["name"] = operation.name;
    object["command"] = command_of(operation);
    object["sentence"] = operation.sentence;
    return object;
}

Result<Answer> run_help(Context& context, Request const& request) {
    auto const paint = context.paint();
    auto const words = request.texts("command");
    Answer answer;
    std::string name;
    for (auto const& word : words) name += (name.empty() ? "" : ".") + word;
    json::array commands;
    if (name.empty()) {
        for (auto const* operation : operations()) commands.push_back(short_object(*operation));
        answer.text = overview_help(paint);
    } else if (auto const* operation = find_operation(name)) {
        answer.data["operation"] = operation_object(*operation);
        answer.text = operation_help(*operation, paint);
        commands.push_back(short_object(*operation));
    } else {
        auto const verbs = operations_of(name);
        if (verbs.empty()) {
            std::vector<std::string> known = first_words();
            for (auto const* one : operations()) known.push_back(command_of(*one));
            std::replace(name.begin(), name.end(), '.', ' ');
            auto message = fmt::format("there is no command '{}'", name);
            if (auto const near = nearest_name(name, known); !near.empty())
                message += fmt::format("; did you mean '{}'?", near);
            return make_error("usage.unknown_command", message);
        }
        for (auto const* one : verbs) commands.push_back(short_object(*one));
        answer.text = noun_help(name, paint);
    }
    answer.data["commands"] = std::move(commands);
    return answer;
}

constexpr InputSpec help_inputs[] = {
    {.name = "command",
     .help = "a command or its first word",
     .positional = true,
     .repeatable = true},
};
constexpr std::string_view help_examples[] = {"help", "help job wait"};

}  // namespace

json::object operation_object(Operation const& operation) {
    json::object object = short_object(operation);
    object["usage"] = usage_line(operation);
    object["stage"] = operation.stage;
    object["scope"] = scope_word(operation.scope);
    object["effect"] = effect_word(operation.effect);
    if (operation.time_limit.empty())
        object["time_limit"] = nullptr;
    else
        object["time_limit"] = operation.time_limit;
    json::array inputs;
    for (auto const& input : operation.inputs) inputs.push_back(input_object(input));
    object["inputs"] = std::move(inputs);
    json::array globals;
    for (auto const& input : global_inputs())
        if (has_global(operation, input.name)) globals.push_back(input_object(input));
    object["global_inputs"] = std::move(globals);
    json::array errors;
    for (auto const& code : parted(operation.errors, ' ')) errors.emplace_back(code);
    object["errors"] = std::move(errors);
    json::array examples;
    for (auto const example : operation.examples)
        examples.emplace_back("postrider " + std::string(example));
    object["examples"] = std::move(examples);
    return object;
}

std::string usage_line(Operation const& operation) {
    auto line = "postrider " + command_of(operation);
    for (auto const& input : operation.inputs) {
        if (!input.positional) continue;
        auto word = placeholder_of(input) + (input.repeatable ? "..." : "");
        line += input.required ? " " + word : " [" + word + "]";
    }
    for (auto const& input : operation.inputs)
        if (!input.positional && input.required)
            line += " " + flag_of(input.name) + " " + placeholder_of(input);
    return line + (operation.passes_on ? "" : " [flags]");
}

std::string operation_help(Operation const& operation, Paint const& paint) {
    auto text = paint.bold(usage_line(operation)) + "\n\n" + std::string(operation.sentence) + "\n";
    if (!operation.more.empty()) text += "\n" + std::string(operation.more) + "\n";
    std::vector<InputSpec const*> arguments;
    std::vector<InputSpec const*> flags;
    std::vector<InputSpec const*> globals;
    for (auto const& input : operation.inputs)
        (input.positional ? arguments : flags).push_back(&input);
    for (auto const& input : global_inputs())
        if (has_global(operation, input.name)) globals.push_back(&input);
    text += input_block("Arguments", arguments, paint);
    text += input_block("Flags", flags, paint);
    text += input_block("Flags of every command", globals, paint);
    if (!operation.time_limit.empty() && operation.time_limit != "none")
        text += fmt::format("\nWithout --timeout a wait ends after {}.\n", operation.time_limit);
    if (!operation.examples.empty()) {
        text += "\n" + paint.bold("Examples") + "\n";
        for (auto const example : operation.examples)
            text += "  postrider " + std::string(example) + "\n";
    }
    return text;
}

std::string overview_help(Paint const& paint) {
    std::string text =
        "postrider publishes one idea to many accounts on many networks, exactly once each.\n\n";
    std::size_t width = 0;
    for (auto const* operation : operations())
        width = std::max(width, command_of(*operation).size());
    std::string last;
    for (auto const* operation : operations()) {
        auto const word = std::string(operation->name.substr(0, operation->name.find('.')));
        if (word != last && !last.empty() && operation->name.find('.') != std::string_view::npos)
            text += "\n";
        last = word;
        text += "  " + padded(command_of(*operation), width + 2) +
                std::string(operation->sentence) + "\n";
    }
    text += "\n" +
            paint.faint(
                "postrider help COMMAND tells more. Answers are JSON where stdout is no terminal, "
                "or with --json.") +
            "\n";
    return text;
}

std::string noun_help(std::string const& noun, Paint const& paint) {
    std::string text = paint.bold("postrider " + noun + " VERB") + "\n\n";
    for (auto const* operation : operations_of(noun))
        text += "  " + padded(command_of(*operation), 22) + std::string(operation->sentence) + "\n";
    return text;
}

constinit Operation const help_operation{
    .name = "help",
    .sentence = "what there is, and how one command is used",
    .inputs = help_inputs,
    .output = "{operation?: @operation, commands: [{name: text, command: text, sentence: text}]}",
    .errors = "usage.unknown_command",
    .scope = Scope::read,
    .examples = help_examples,
    .standalone = true,
    .run = run_help,
};

}  // namespace postrider::cli
