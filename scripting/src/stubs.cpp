// What editors, linters and readers are told: written from the binding table, so that it cannot say
// anything else than the program does.
#include <postrider/script/campaign.hpp>

#include "bindings.hpp"
#include "sandbox.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace postrider::script {
namespace {

FieldBinding const error_fields[] = {
    {"code", Form::text, true, "such as `script.unknown_field`"},
    {"kind", Form::text, true, "`script`, mostly"},
    {"message", Form::text, true, "one sentence"},
    {"file", Form::text, true, "where it is"},
    {"line", Form::integer, true, "where it is"},
    {"allowed", Form::any, true, "what could stand there", "any[]"},
};
TableBinding const error_table{
    "error", "Error", "What pcall gives, and find_... as the second value.", error_fields};

std::string words_type(std::string_view words) {
    std::string text;
    for (std::size_t start = 0; start <= words.size();) {
        auto const end = std::min(words.find('|', start), words.size());
        text += fmt::format("{}\"{}\"", text.empty() ? "" : "|", words.substr(start, end - start));
        start = end + 1;
    }
    return text;
}

std::string type_of(FieldBinding const& field) {
    if (!field.type.empty()) return std::string(field.type);
    switch (field.form) {
        case Form::text:
        case Form::duration:
            return "string";
        case Form::integer:
            return "integer";
        case Form::number:
            return "number";
        case Form::boolean:
            return "boolean";
        case Form::words:
            return words_type(field.words);
        case Form::texts:
            return "string[]";
        case Form::any:
            break;
    }
    return "any";
}

// Parts between commas that stand in no bracket.
std::vector<std::string> split_types(std::string_view text) {
    std::vector<std::string> parts;
    int depth = 0;
    std::size_t start = 0;
    for (std::size_t i = 0; i <= text.size(); ++i) {
        char const letter = i < text.size() ? text[i] : ',';
        if (letter == '(' || letter == '<' || letter == '{') ++depth;
        if (letter == ')' || letter == '>' || letter == '}') --depth;
        if (letter != ',' || (depth != 0 && i < text.size())) continue;
        auto const first = text.find_first_not_of(' ', start);
        if (first < i) parts.emplace_back(text.substr(first, i - first));
        start = i + 1;
    }
    return parts;
}

void add_table(std::string& text, TableBinding const& table) {
    text += fmt::format("\n---{}\n---@class postrider.{}\n", table.doc, table.class_name);
    for (auto const& field : table.fields)
        if (field.stage == 1)
            text += fmt::format("---@field {}{} {} {}\n",
                                field.name,
                                field.needed ? "" : "?",
                                type_of(field),
                                field.doc);
}

void add_function(std::string& text, std::string_view owner, FunctionBinding const& function) {
    text += fmt::format("\n---Since api 1. {}\n", function.doc);
    std::string names;
    for (auto const& param : split_types(function.params)) {
        auto const colon = param.find(':');
        auto name = param.substr(0, colon);
        text += fmt::format(
            "---@param {} {}\n", name, param.substr(param.find_first_not_of(' ', colon + 1)));
        if (name.ends_with('?')) name.pop_back();
        names += (names.empty() ? "" : ", ") + name;
    }
    for (auto const& type : split_types(function.returns))
        text += fmt::format("---@return {}\n", type);
    text += fmt::format("function {}{}({}) end\n", owner, function.name, names);
}

void add_class(std::string& text, ClassBinding const& binding) {
    text +=
        fmt::format("\n---{}\n---@class postrider.{}{}\n",
                    binding.doc,
                    binding.name,
                    binding.base.empty() || binding.call ? "" : fmt::format(": {}", binding.base));
    if (binding.call) text += fmt::format("---@overload {}\n", binding.base);
    for (auto const& property : binding.properties)
        text += fmt::format("---@field {} {} {}\n", property.name, property.type, property.doc);
    if (binding.methods.empty()) return;
    text += fmt::format("local {} = {{}}\n", binding.name);
    for (auto const& method : binding.methods)
        add_function(text, fmt::format("{}:", binding.name), method);
}

std::string option_type(adapter::OptionSpec const& option) {
    std::string type = "string";
    if (option.type == adapter::OptionType::boolean) type = "boolean";
    if (option.type == adapter::OptionType::integer) type = "integer";
    if (option.type == adapter::OptionType::choice) {
        type.clear();
        for (auto const& value : option.values)
            type += fmt::format("{}\"{}\"", type.empty() ? "" : "|", value.value);
    }
    return option.reserved || option.askable ? type + "|postrider.Ask" : type;
}

void add_options(std::string& text, std::vector<adapter::Descriptor const*> const& descriptors) {
    for (auto const* descriptor : descriptors) {
        text += fmt::format("\n---Options of {}.\n---@class postrider.options.{}\n",
                            descriptor->title,
                            descriptor->network);
        for (auto const& option : descriptor->options)
            text += fmt::format("---@field {}? {} {}{}\n",
                                option.name,
                                option_type(option),
                                option.reserved ? "(a person's choice) " : "",
                                option.help);
    }
    text += "\n---Options of a post, by network.\n---@class postrider.Options\n";
    for (auto const* descriptor : descriptors)
        text += fmt::format("---@field {0}? postrider.options.{0}\n", descriptor->network);
}

std::string cell(std::string_view text) {
    std::string result;
    for (char const letter : text)
        result += letter == '|' ? std::string("\\|") : std::string(1, letter);
    return result;
}

}  // namespace

std::string lua_stubs(std::vector<adapter::Descriptor const*> const& descriptors) {
    std::string text = "---@meta postrider\n---Made by `postrider lua stubs`; do not edit.\n";
    for (auto const* binding : classes()) add_class(text, *binding);
    for (auto const* table : tables()) add_table(text, *table);
    add_table(text, error_table);
    add_options(text, descriptors);
    text += "\n---@class postrider\n---@overload fun(fields: { api: 1 }): postrider\n";
    for (auto const& value : module_values())
        text += fmt::format("---@field {} {} {}\n", value.name, value.type, value.doc);
    text += "local postrider = {}\n";
    for (auto const& function : functions())
        if (function.stage == 1) add_function(text, "postrider.", function);
    return text + "\nreturn postrider\n";
}

std::string luarc(std::string_view library) {
    std::string off;
    for (auto const* name : {"coroutine", "debug", "ffi", "io", "jit", "os", "package"})
        off += fmt::format("{}\"{}\": \"disable\"", off.empty() ? "" : ", ", name);
    return fmt::format(
        "{{\n  \"runtime.version\": \"Lua 5.4\",\n  \"runtime.builtin\": {{ {} }},\n  "
        "\"workspace.library\": [\"{}\"]\n}}\n",
        off,
        library);
}

std::string luacheckrc() {
    std::string text = "std = { read_globals = {";
    std::size_t column = text.size();
    for (auto const& name : global_names()) {
        auto const item = fmt::format(" \"{}\",", name);
        if (column + item.size() > 116) {
            text += "\n ";
            column = 1;
        }
        text += item;
        column += item.size();
    }
    text.pop_back();
    return text + " } }\nmax_line_length = 120\n";
}

std::string lua_reference() {
    std::string text =
        "# Campaign functions\n\nApi 1. A campaign file begins with `local postrider = require "
        "\"postrider\" { api = 1 }` and returns\n"
        "`postrider.campaign { }`. Made from the binding table of the program by `postrider lua "
        "stubs`.\n\n## Functions\n";
    for (auto const& function : functions()) {
        text += fmt::format("\n### {}({})\n\n", function.name, function.params);
        if (function.stage > 1) {
            text += fmt::format("{} Comes with stage {}: until then it is refused by name.\n",
                                function.doc,
                                function.stage);
            continue;
        }
        text += fmt::format(
            "{}{}\n",
            function.doc,
            function.returns.empty() ? "" : fmt::format(" Gives `{}`.", function.returns));
        if (!function.raises.empty())
            text += fmt::format("Raises (`script.`): {}.\n", function.raises);
    }
    text += "\n## Values\n\n";
    for (auto const& value : module_values())
        text += fmt::format("- `{}` (`{}`): {}\n", value.name, value.type, value.doc);
    text += "\n## Tables\n";
    for (auto const* table : tables()) {
        text += fmt::format(
            "\n### {} (`{}`)\n\n{}\n\n| field | type | needed | meaning |\n|---|---|---|---|\n",
            table->name,
            table->class_name,
            table->doc);
        for (auto const& field : table->fields)
            text += fmt::format("| `{}` | `{}` | {} | {}{} |\n",
                                field.name,
                                cell(type_of(field)),
                                field.needed ? "yes" : "no",
                                cell(field.doc),
                                field.stage > 1 ? fmt::format(" (stage {})", field.stage) : "");
    }
    text += "\n## Values that functions give\n";
    for (auto const* binding : classes()) {
        text += fmt::format("\n### {}\n\n{}\n", binding->name, binding->doc);
        if (!binding->properties.empty()) text += "\n";
        for (auto const& property : binding->properties)
            text += fmt::format("- `.{}` (`{}`): {}\n", property.name, property.type, property.doc);
        for (auto const& method : binding->methods)
            text += fmt::format("- `:{}({})`: {}\n", method.name, method.params, method.doc);
    }
    return text;
}

}  // namespace postrider::script
