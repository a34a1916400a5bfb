// Programs beside the binary: emulators and the conformance kit. They are started, never linked.
#include "operations/declared.hpp"
#include "operations/lookup.hpp"

#include <postrider/adapter/adapter.hpp>
#include <postrider/catalogue.hpp>
#include <postrider/core/adapters.hpp>
#include <postrider/server_url.hpp>
#include <postrider/suggest.hpp>

#include <boost/json/array.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include <unistd.h>

namespace postrider::cli {

namespace {

namespace json = boost::json;
namespace fs = std::filesystem;

// Replaces this process; comes back only when that fails.
Error become(fs::path const& program, std::vector<std::string> const& arguments) {
    std::vector<std::string> words = {program.string()};
    words.insert(words.end(), arguments.begin(), arguments.end());
    std::vector<char*> argv;
    for (auto& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    execv(program.c_str(), argv.data());
    return make_error(
        "setup.helper_missing",
        fmt::format("{} cannot be started: {}", program.string(), std::strerror(errno)));
}

bool is_network_name(std::string const& name) {
    return !name.empty() && name.front() >= 'a' && name.front() <= 'z' &&
           std::all_of(name.begin(), name.end(), [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
           });
}

std::vector<std::string> emulators(Context const& context) {
    std::vector<std::string> names;
    auto const sample = context.helper("emulator-").filename().string();
    std::error_code failed;
    for (auto const& entry : fs::directory_iterator(context.helper("x").parent_path(), failed)) {
        auto const name = entry.path().filename().string();
        if (name.starts_with(sample)) names.push_back(name.substr(sample.size()));
    }
    std::sort(names.begin(), names.end());
    return names;
}

Result<Answer> run_emulator(Context& context, Request const& request) {
    auto const network = request.text("network");
    auto const known = emulators(context);
    if (!is_network_name(network) ||
        std::find(known.begin(), known.end(), network) == known.end()) {
        auto message = fmt::format("there is no emulator for '{}'", network);
        if (auto const near = nearest_name(network, known); !near.empty())
            message += fmt::format("; did you mean '{}'?", near);
        Finding finding;
        finding.code = "not_found.network";
        finding.path = "/network";
        finding.message = message;
        for (auto const& name : known) finding.allowed.emplace_back(name);
        return make_error("not_found.network", message).with_at(std::move(finding));
    }
    return become(context.helper("emulator-" + network), request.texts("arguments"));
}

// Of an address: what has to be said before anything is sent there.
Result<void> check_address(Context& context, Request const& request) {
    auto const target = request.text("target");
    auto const refuse =
        [&](char const* code, char const* input, std::string message) -> Result<void> {
        Finding finding;
        finding.code = code;
        finding.path = fmt::format("/{}", input);
        finding.message = message;
        if (request.has(input)) finding.got = json::string(request.text(input));
        return make_error(code, std::move(message)).with_at(std::move(finding));
    };
    if (!target.starts_with("http://") && !target.starts_with("https://")) {
        for (auto const* name : {"network", "login", "allow_remote"})
            if (request.has(name))
                return refuse(
                    "usage.bad_value",
                    name,
                    fmt::format("{} belongs to an address, and {} is none", flag_of(name), target));
        return {};
    }
    if (!is_server_url(target))
        return refuse("usage.bad_value",
                      "target",
                      fmt::format("'{}' is no address such as http://127.0.0.1:8899", target));
    if (!is_loopback_url(target) && !request.flag("allow_remote"))
        return refuse("usage.bad_value",
                      "target",
                      fmt::format("{} is not this machine, and the kit posts to whatever it is "
                                  "given; --allow-remote says that this is meant",
                                  target));
    context.suggestions.push_back({"What the login is: the first line that an emulator prints",
                                   "nothing",
                                   {"help", "emulator"}});
    if (!request.has("network"))
        return refuse(
            "usage.missing_input", "network", "--network is needed: whose adapter is it?");
    if (!request.has("login"))
        return refuse("usage.missing_input",
                      "login",
                      "--login is needed: a file with what the emulator printed when it started");
    context.suggestions.clear();
    return {};
}

Result<Answer> run_test(Context& context, Request const& request) {
    if (auto checked = check_address(context, request); !checked) return checked.error();
    std::vector<std::string> arguments = {request.text("target")};
    if (request.flag("allow_remote")) arguments.emplace_back("--allow-remote");
    for (auto const* name : {"seed", "only", "report", "network", "login"})
        if (request.has(name)) {
            arguments.push_back(flag_of(name));
            arguments.push_back(std::string(name) == "seed" ? std::to_string(request.integer(name))
                                                            : request.text(name));
        }
    if (!context.on_table()) arguments.emplace_back("--json");
    return become(context.helper("conformance"), arguments);
}

Result<Answer> run_adapter_list(Context& context, Request const&) {
    auto adapters = context.adapters();
    if (!adapters) return adapters.error();
    auto paged = page_of(
        (*adapters)->names(), context.globals(), [](std::string const& name) { return name; });
    if (!paged) return paged.error();
    auto& [page, next] = *paged;
    auto const stand_ins = emulators(context);
    json::array items;
    for (auto const& network : page) {
        json::object item;
        item["network"] = network;
        auto const adapter = (*adapters)->find(network);
        item["usable"] = adapter.has_value();
        if (adapter) {
            item["version"] = (*adapter)->descriptor().version;
            item["problem"] = nullptr;
        } else {
            item["version"] = nullptr;
            item["problem"] = adapter.error().message();
        }
        item["emulator"] =
            std::find(stand_ins.begin(), stand_ins.end(), network) != stand_ins.end();
        items.push_back(std::move(item));
    }
    return list_answer(context, std::move(items), next);
}

Result<Answer> run_adapter_show(Context& context, Request const& request) {
    auto adapter = context.adapter(request.text("network"));
    if (!adapter) return adapter.error();
    Answer answer;
    answer.data["descriptor"] = adapter::to_json((*adapter)->descriptor());
    return answer;
}

constexpr InputSpec emulator_inputs[] = {
    {.name = "network", .help = "whose stand-in to start", .positional = true, .required = true},
    {.name = "arguments",
     .help = "flags of the emulator, such as --listen",
     .positional = true,
     .repeatable = true},
};
constexpr InputSpec adapter_show_inputs[] = {
    {.name = "network",
     .help = "a network, as adapter list prints them",
     .positional = true,
     .required = true},
};
constexpr InputSpec test_inputs[] = {
    {.name = "target",
     .help = "a network's name, a module's file, or the address of a running server",
     .positional = true,
     .required = true},
    {.name = "seed",
     .type = InputType::integer,
     .help = "of everything that is drawn by lot",
     .max = INT64_MAX},
    {.name = "only", .help = "only cases whose name holds this", .placeholder = "TEXT"},
    {.name = "report",
     .type = InputType::path,
     .help = "write the report to this file",
     .placeholder = "FILE"},
    {.name = "network",
     .help = "of an address: name or module of the adapter to drive against it",
     .placeholder = "NAME"},
    {.name = "login",
     .type = InputType::path,
     .help = "of an address: what its emulator printed when it started",
     .placeholder = "FILE"},
    {.name = "allow_remote",
     .type = InputType::boolean,
     .help = "the address may be another machine: posts are made there"},
};
constexpr std::string_view emulator_examples[] = {"emulator NETWORK --listen 127.0.0.1:8899"};
constexpr std::string_view adapter_list_examples[] = {"adapter list"};
constexpr std::string_view adapter_show_examples[] = {"adapter show NETWORK"};
constexpr std::string_view test_examples[] = {
    "adapter test NETWORK --seed 7",
    "adapter test http://127.0.0.1:8899 --network NETWORK --login emulator.json"};

}  // namespace

constinit Operation const emulator_operation{
    .name = "emulator",
    .sentence = "start a strict local stand-in for a network",
    .inputs = emulator_inputs,
    .output = "{}",
    .errors = "not_found.network setup.helper_missing",
    .examples = emulator_examples,
    .passes_on = true,
    .run = run_emulator,
};

constinit Operation const adapter_list_operation{
    .name = "adapter.list",
    .sentence = "the adapters that are there, and whether they can be used",
    .output =
        "{items: [{network: text, usable: bool, version: text|null, problem: text|null, emulator: "
        "bool}], "
        "streamed?: int}",
    .examples = adapter_list_examples,
    .view = "items: network version usable emulator problem",
    .lists = true,
    .run = run_adapter_list,
};

constinit Operation const adapter_show_operation{
    .name = "adapter.show",
    .sentence = "everything that one adapter declares",
    .inputs = adapter_show_inputs,
    .output = "{descriptor: object}",
    .errors = "not_found.network setup.adapter_mismatch",
    .examples = adapter_show_examples,
    .run = run_adapter_show,
};

constinit Operation const adapter_test_operation{
    .name = "adapter.test",
    .sentence = "run the conformance kit against an adapter",
    .inputs = test_inputs,
    .output = "object",
    .errors = "setup.helper_missing usage.bad_value usage.missing_input",
    .examples = test_examples,
    .more =
        "By name or module every case runs, each over an emulator of its own. Against an address "
        "the "
        "adapter is driven over HTTP and in real time: each kind of post is published there once "
        "and "
        "stays; what would move time or spoil answers is skipped, and the report says so. "
        "Addresses "
        "of other machines need --allow-remote.",
    .run = run_test,
};

}  // namespace postrider::cli
