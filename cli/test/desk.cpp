// Runs commands in process and checks what they print.
#include "test/desk.hpp"

#include "operations/check.hpp"
#include "operations/command_line.hpp"
#include "operations/detail.hpp"
#include "operations/envelope.hpp"
#include "operations/schema_notation.hpp"
#include "operations/table.hpp"
#include "test/schema_check.hpp"

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <random>
#include <sstream>

namespace postrider::cli::test {

namespace {

namespace json = boost::json;

void expect_next_parses(json::object const& next) {
    std::vector<std::string> words;
    for (auto const& word : next.at("argv").as_array()) words.emplace_back(word.as_string());
    ASSERT_EQ(words.front(), "postrider");
    words.erase(words.begin());
    auto const text = json::serialize(next);
    auto const command = read_command(words);
    ASSERT_TRUE(command.operation && !command.error) << text;
    auto const typed = read_flags(*command.operation, command.rest);
    EXPECT_TRUE(typed.problems.empty()) << text;
    json::object request;
    merge_typed(request, typed.inputs);
    auto const problems = check_request(command.operation->inputs, request);
    EXPECT_TRUE(problems.empty()) << text << ": "
                                  << (problems.empty() ? "" : problems.front().message);
}

}  // namespace

std::string Ran::code() const {
    auto const* error = envelope.if_contains("error");
    if (!error || !error->is_object()) return {};
    return std::string(error->get_object().at("code").as_string());
}

void expect_sound(json::object const& envelope, bool whole, bool concise) {
    auto const text = json::serialize(envelope).substr(0, 2000);
    for (auto const& fault : schema_faults(envelope_schema(), json::value(envelope), true)) {
        // Members of data, of context and of what lies beneath are described elsewhere.
        bool const elsewhere =
            fault.starts_with("/data/") || fault.starts_with("/error/context/") ||
            fault.starts_with("/error/cause/") || fault.starts_with("/meta/out/");
        if (!elsewhere) ADD_FAILURE() << fault << "\n" << text;
    }
    static constexpr std::string_view order[] = {
        "schema", "ok", "command", "data", "error", "warnings", "next", "meta"};
    ASSERT_EQ(envelope.size(), 8U) << text;
    std::size_t place = 0;
    for (auto const& member : envelope)
        EXPECT_EQ(std::string_view(member.key()), order[place++]) << text;
    for (auto const& next : envelope.at("next").as_array()) expect_next_parses(next.as_object());

    std::string name(envelope.at("command").as_string());
    std::replace(name.begin(), name.end(), ' ', '.');
    auto const* operation = find_operation(name);
    auto const* data = envelope.at("data").if_object();
    whole = whole && !envelope.at("meta").as_object().contains("truncated") &&
            !envelope.at("meta").as_object().contains("out");
    if (!operation || !data || !whole) return;
    auto const full = schema_of(operation->output);
    for (auto const& fault : schema_faults(concise ? concise_schema(full) : full, *data, true))
        ADD_FAILURE() << name << " data" << fault << "\n" << text;
    if (concise) return;
    // The shorter form of every answer too.
    auto const shorter = concise_value(full, *data);
    for (auto const& fault : schema_faults(concise_schema(full), shorter, true))
        ADD_FAILURE() << name << " concise data" << fault << "\n" << text;
}

void Desk::SetUp() {
    std::random_device dice;
    folder = std::filesystem::temp_directory_path() /
             fmt::format("postrider-cli-{:08x}{:08x}", dice(), dice());
    std::filesystem::create_directories(folder);
    environment = {{"HOME", folder.string()}, {"USER", "ines"}, {"PATH", "/usr/bin:/bin"}};
}

void Desk::TearDown() {
    std::error_code ignored;
    std::filesystem::remove_all(folder, ignored);
}

Ran Desk::run(std::vector<std::string> const& arguments, std::string const& input) {
    std::istringstream in(input);
    std::ostringstream out;
    std::ostringstream err;
    Host host;
    host.in = &in;
    host.out = &out;
    host.err = &err;
    host.environment = environment;
    host.folder = folder;
    host.program = std::filesystem::path(POSTRIDER_BUILD_DIR) / "bin" / "postrider";
    host.transport = transport;
    host.in_terminal = host.err_terminal = at_terminal;
    Ran ran;
    ran.exit = run_command(arguments, host);
    ran.out = out.str();
    ran.err = err.str();
    // Lines of a stream end with the envelope.
    auto text = ran.out;
    while (!text.empty() && text.back() == '\n') text.pop_back();
    if (auto const line = text.rfind('\n'); line != std::string::npos) text = text.substr(line + 1);
    json::error_code failed;
    auto value = json::parse(text, failed);
    if (!failed && value.is_object() && value.get_object().contains("envelope"))
        value = value.at("envelope");
    if (!failed && value.is_object() && value.get_object().contains("schema")) {
        ran.envelope = value.get_object();
        // Chosen fields are a part of the answer by intention.
        bool const chosen =
            std::find(arguments.begin(), arguments.end(), "--fields") != arguments.end();
        bool const concise =
            std::find(arguments.begin(), arguments.end(), "concise") != arguments.end();
        expect_sound(ran.envelope, !chosen, concise);
        auto const& error = ran.envelope.at("error");
        if (ran.exit < 128) {
            EXPECT_EQ(ran.exit, error.is_null() ? 0 : error.at("exit").as_int64()) << text;
        }
    }
    return ran;
}

Ran Desk::good(std::vector<std::string> const& arguments, std::string const& input) {
    auto ran = run(arguments, input);
    EXPECT_EQ(ran.exit, 0) << ran.out << ran.err;
    return ran;
}

}  // namespace postrider::cli::test
