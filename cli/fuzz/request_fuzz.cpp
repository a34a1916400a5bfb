// What comes in by the command line, one argument a line, and after an empty line the JSON of
// `--input`. Together they are checked as a run checks them; what passes can be read by its types.
#include "operations/check.hpp"
#include "operations/command_line.hpp"
#include "operations/globals.hpp"
#include "operations/table.hpp"
#include "promise.hpp"

#include <postrider/core/foreign_json.hpp>

#include <boost/json/serialize.hpp>

#include <algorithm>

namespace {

namespace json = boost::json;
using namespace postrider;
using namespace postrider::cli;

void read_by_types(Operation const& operation, json::object const& checked) {
    Request const request(checked);
    for (auto const& input : operation.inputs) {
        if (!request.has(input.name) || input.repeatable) continue;
        auto const& value = checked.at(input.name);
        auto const name = std::string(input.name);
        switch (input.type) {
            case InputType::duration:
                fuzz::promise(request.duration(name).has_value(), "a duration is one", name);
                break;
            case InputType::instant:
                fuzz::promise(request.instant(name).has_value(), "an instant is one", name);
                break;
            case InputType::integer: {
                auto const number = request.integer(name);
                bool const bounded = input.min != 0 || input.max != 0;
                fuzz::promise(!bounded || (number >= input.min && number <= input.max),
                              "a number keeps its bounds",
                              name);
                fuzz::promise(number >= 0 || value.is_int64(), "no number changes its sign", name);
                break;
            }
            case InputType::boolean:
                fuzz::promise(value.is_bool(), "a flag is one", name);
                break;
            default:
                (void)request.texts(name);
        }
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    std::string_view const text(reinterpret_cast<char const*>(data), size);
    auto const gap = std::min(text.find("\n\n"), text.size());
    std::vector<std::string> arguments;
    auto words = text.substr(0, gap);
    while (!words.empty()) {
        auto const end = std::min(words.find('\n'), words.size());
        arguments.emplace_back(words.substr(0, end));
        words.remove_prefix(std::min(end + 1, words.size()));
    }
    for (auto const name : {"output", "request-id"}) (void)early_flag(arguments, name);
    auto const command = read_command(arguments);
    if (!command.operation) return 0;
    auto const typed = read_flags(*command.operation, command.rest);

    json::object request;
    auto const value = core::read_foreign_json(text.substr(std::min(gap + 2, text.size())));
    if (value && value->is_object()) request = value->as_object();
    merge_typed(request, typed.inputs);
    json::object globals;
    merge_typed(globals, typed.globals);
    if (check_request(global_inputs(), globals, false).empty()) (void)globals_from(globals);
    if (!check_request(command.operation->inputs, request).empty()) return 0;
    read_by_types(*command.operation, with_defaults(command.operation->inputs, request));
    return 0;
}
