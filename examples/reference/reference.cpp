// Writes the reference pages (commands.md, errors.md, lua.md) from the tables that the program runs
// on: operations, error catalogue with the adapters' rows, Lua bindings. With --check it only
// compares, and says which page is stale.
#include "operations/about/help.hpp"
#include "operations/globals.hpp"
#include "operations/table.hpp"

#include <postrider/catalogue.hpp>
#include <postrider/core/adapters.hpp>
#include <postrider/script/campaign.hpp>

#include <fmt/format.h>

#include <cctype>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <span>
#include <sstream>
#include <string>

namespace {

namespace fs = std::filesystem;
using namespace postrider;

std::string const made = "Made by `./dev reference`; do not edit.\n";

std::string cell(std::string_view text) {
    std::string escaped;
    for (char const letter : text) {
        if (letter == '|') escaped += '\\';
        escaped += letter == '\n' ? ' ' : letter;
    }
    return escaped;
}

// `is everything here?` as a sentence of its own.
std::string sentence(std::string text) {
    if (!text.empty())
        text[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(text[0])));
    return text.ends_with('?') ? text : text + '.';
}

std::string text_of(boost::json::object const& object, std::string_view member) {
    auto const& value = object.at(member);
    return value.is_string() ? std::string(value.get_string()) : std::string();
}

std::string input_row(boost::json::object const& input) {
    auto help = text_of(input, "help");
    if (input.at("required").as_bool()) help += " (needed)";
    if (input.at("repeatable").as_bool()) help += " (may be repeated)";
    std::string words;
    for (auto const& value : input.at("values").as_array())
        words +=
            fmt::format("{}`{}`", words.empty() ? "" : ", ", std::string_view(value.as_string()));
    if (!words.empty()) help += ": " + words;
    if (auto const fallback = text_of(input, "default"); !fallback.empty())
        help += fmt::format("; default `{}`", fallback);
    return fmt::format("| `{}` | {} |\n", text_of(input, "flag"), cell(help));
}

std::string commands_page() {
    auto page = "# Commands\n\n" + made + R"(
Every answer is one envelope (`postrider schema envelope`); [errors](errors.md) lists the codes and their exits.
`postrider help COMMAND` says the same.

Effect: `none` reads only, `store` writes files of ours, `looks` asks a network without changing anything there, `sends`
may publish and has `--dry-run`.

## Flags of every command

| flag | meaning |
|---|---|
)";
    for (auto const& input : cli::global_inputs()) {
        std::string help(input.help);
        if (input.type == cli::InputType::choice) help += fmt::format(": {}", input.values);
        page += fmt::format("| `{}` | {} |\n", cli::flag_of(input.name), cell(help));
    }
    page += R"(
`--limit`, `--cursor` and `--all` are there for lists, `--dry-run` where something may be sent, `--timeout` where
something is waited for, `--idempotency-key` for single posts.
)";
    for (auto const* operation : cli::operations()) {
        auto const object = cli::operation_object(*operation);
        page += fmt::format("\n## {}\n\n{}\n\n```\n{}\n```\n",
                            text_of(object, "command"),
                            sentence(text_of(object, "sentence")),
                            text_of(object, "usage"));
        if (!operation->more.empty()) page += fmt::format("\n{}\n", operation->more);
        auto const& inputs = object.at("inputs").as_array();
        if (!inputs.empty()) page += "\n| argument, flag | meaning |\n|---|---|\n";
        for (auto const& input : inputs) page += input_row(input.as_object());
        page += fmt::format("\nEffect: `{}`.", text_of(object, "effect"));
        if (auto const limit = text_of(object, "time_limit"); !limit.empty())
            page += fmt::format(" Waits at most {}.", limit);
        std::string errors;
        for (auto const& code : object.at("errors").as_array())
            if (!code.as_string().empty())
                errors += fmt::format(
                    "{}`{}`", errors.empty() ? "" : ", ", std::string_view(code.as_string()));
        if (!errors.empty()) page += fmt::format(" Errors: {}.", errors);
        page += "\n\n```\n";
        for (auto const& example : object.at("examples").as_array())
            page += fmt::format("{}\n", std::string_view(example.as_string()));
        page += "```\n";
    }
    return page;
}

std::string error_section(std::string const& title, std::span<ErrorRow const> rows) {
    auto text = fmt::format(
        "\n## {}\n\n| code | kind | whose move | again | cause, effect, steps "
        "|\n|---|---|---|---|---|\n",
        title);
    for (auto const& row : rows)
        text += fmt::format("| `{}` | {} ({}) | {} | {} | {} {} {} |\n",
                            row.code,
                            word(row.kind),
                            exit_code(row.kind),
                            word(row.owner),
                            word(row.retry),
                            cell(row.cause),
                            cell(row.effect),
                            cell(row.steps));
    return text;
}

std::string errors_page(std::vector<adapter::Adapter const*> const& adapters) {
    auto page = "# Errors\n\n" + made + R"(
The kind decides the exit code (in brackets). "Again" says when the same command makes sense: `never`, `backoff` and
`after` (later), `fix_first`, `person_first`, `reconcile_first`. `postrider explain CODE` says the same.
)";
    page += error_section("All networks", catalogue());
    for (auto const* one : adapters)
        page += error_section(one->descriptor().title, one->descriptor().errors);
    return page;
}

std::string lua_page() {
    auto text = script::lua_reference();
    constexpr std::string_view maker =
        " Made from the binding table of the program by `postrider lua stubs`.";
    if (auto const at = text.find(maker); at != std::string::npos) text.erase(at, maker.size());
    auto const end_of_title = text.find('\n') + 1;
    return text.insert(end_of_title, "\n" + made);
}

std::string content_of(fs::path const& file) {
    std::ifstream stream(file, std::ios::binary);
    std::stringstream text;
    text << stream.rdbuf();
    return text.str();
}

}  // namespace

int main(int argc, char** argv) {
    bool const check = argc > 1 && std::strcmp(argv[1], "--check") == 0;
    if (argc != (check ? 3 : 2)) {
        std::cerr << "usage: postrider-reference [--check] FOLDER\n";
        return 2;
    }
    fs::path const folder = argv[argc - 1];
    core::Adapters adapters({POSTRIDER_MODULES});
    auto const loaded = adapters.all();
    if (!loaded) {
        std::cerr << loaded.error().message() << "\n";
        return 1;
    }
    std::pair<std::string, std::string> const pages[] = {{"commands.md", commands_page()},
                                                         {"errors.md", errors_page(*loaded)},
                                                         {"lua.md", lua_page()}};
    int stale = 0;
    for (auto const& [name, text] : pages) {
        if (content_of(folder / name) == text) continue;
        if (check) {
            std::cerr << name << " is stale: run ./dev reference\n";
            stale = 1;
        } else {
            fs::create_directories(folder);
            std::ofstream(folder / name, std::ios::binary) << text;
            std::cout << (folder / name).string() << "\n";
        }
    }
    return stale;
}
