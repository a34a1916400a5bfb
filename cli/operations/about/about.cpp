// What the program says about itself without opening anything: version, explain, schema.
#include "operations/about/help.hpp"
#include "operations/check.hpp"
#include "operations/context.hpp"
#include "operations/declared.hpp"
#include "operations/detail.hpp"
#include "operations/envelope.hpp"
#include "operations/globals.hpp"
#include "operations/schema_notation.hpp"
#include "operations/table.hpp"

#include <postrider/adapter/adapter.hpp>
#include <postrider/adapter/module.hpp>
#include <postrider/catalogue.hpp>
#include <postrider/core/adapters.hpp>
#include <postrider/suggest.hpp>

#include <boost/json/array.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace postrider::cli {

namespace {

namespace json = boost::json;

// --- version

Result<Answer> run_version(Context&, Request const&) {
    Answer answer;
    auto const tool = tool_name();
    answer.data["version"] = tool.substr(tool.find(' ') + 1);
    answer.data["envelope"] = envelope_schema_name;
    answer.data["adapter_interface"] = adapter::interface_number;
    answer.data["build"] = adapter::build_tag;
    answer.text = tool + "\n";
    return answer;
}

constexpr std::string_view version_examples[] = {"version"};

// --- explain

json::object row_object(ErrorRow const& row) {
    json::object object;
    object["code"] = row.code;
    object["kind"] = word(row.kind);
    object["exit"] = exit_code(row.kind);
    object["owner"] = word(row.owner);
    json::object retry;
    retry["when"] = word(row.retry);
    object["retry"] = std::move(retry);
    object["cause"] = row.cause;
    object["effect"] = row.effect;
    object["steps"] = row.steps;
    return object;
}

// A code of the catalogue, or of an adapter; adapters are loaded only for codes that the catalogue
// does not have.
Result<json::object> explained(Context& context, std::string const& code) {
    if (auto const* row = find_error_row(code)) return row_object(*row);
    std::vector<std::string> known;
    for (auto const& row : catalogue()) known.emplace_back(row.code);
    auto const network = code.substr(0, code.find('.'));
    if (auto const adapter = context.adapter(network)) {
        for (auto const& row : (*adapter)->descriptor().errors) {
            if (row.code == code) return row_object(row);
            known.emplace_back(row.code);
        }
    }
    auto message = fmt::format("there is no code '{}'", code);
    if (auto const near = nearest_name(code, known); !near.empty())
        message += fmt::format("; did you mean '{}'?", near);
    return make_error("not_found.code", message).with("code", code);
}

Result<Answer> run_explain(Context& context, Request const& request) {
    auto const found = explained(context, request.text("code"));
    if (!found) return found.error();
    Answer answer(*found);
    auto const paint = context.paint();
    auto const line = [&](std::string_view name) {
        return std::string(answer.data[name].as_string());
    };
    answer.text = fmt::format(
        "{}\n\n{}\n\n{}\n\n{}\n\n{}\n",
        paint.bold(line("code")),
        line("cause"),
        line("effect"),
        line("steps"),
        paint.faint(fmt::format("kind {}, exit {}, whose move: {}, again: {}",
                                line("kind"),
                                answer.data["exit"].as_int64(),
                                line("owner"),
                                std::string(answer.data["retry"].at("when").as_string()))));
    return answer;
}

constexpr InputSpec explain_inputs[] = {
    {.name = "code",
     .help = "an error's code, such as media.unsupported",
     .positional = true,
     .required = true},
};
constexpr std::string_view explain_examples[] = {"explain job.outcome_unknown"};

// --- schema

json::object exit_codes_object() {
    static constexpr std::pair<int, std::string_view> meanings[] = {
        {0, "done as asked; also a replay, an empty list, jobs that wait for a person"},
        {1, "a bug of ours; report request_id, do not loop"},
        {2, "flags, JSON, unknown field, missing input; mend and rerun"},
        {3, "no such thing; list, then rerun"},
        {4, "key or authorisation missing or lost; new key, or account connect"},
        {5, "not permitted; stop, tell someone"},
        {6, "an approval is needed, declined or expired; give the link or command to a person"},
        {7, "media, caption or options are not acceptable; mend content, new plan"},
        {8,
         "key used for other content, stale plan, wrong state, committed; plan again, or read the "
         "job"},
        {9, "a minute limit or a day's quota; wait retry.after_ms"},
        {10, "nothing was accepted; the same command again"},
        {11, "the wait ended, the job goes on; wait again"},
        {12, "the job ended rejected or cancelled; read error and revivable"},
        {13, "some jobs ended well, some not; read each item, the same command is safe"},
        {14, "outcome unknown; job reconcile, never create again"},
        {15, "configuration, store or a check failed; doctor"},
        {16, "campaign script: error, limit, unknown field; mend the script"},
        {130, "SIGINT; the jobs say how they stand"},
        {141, "SIGPIPE; the jobs say how they stand"},
        {143, "SIGTERM; the jobs say how they stand"},
    };
    json::array items;
    for (auto const& [exit, meaning] : meanings) {
        json::object item;
        item["exit"] = exit;
        json::array kinds;
        for (auto const& [kind, name] : Words<ErrorKind>::table)
            if (exit_code(kind) == exit) kinds.emplace_back(name);
        item["kinds"] = std::move(kinds);
        item["meaning"] = meaning;
        items.push_back(std::move(item));
    }
    json::object object;
    object["items"] = std::move(items);
    return object;
}

// The codes of the catalogue, then those that each adapter brings. `area`: only those whose first
// word it is. An adapter that cannot be used is a warning.
json::object errors_object(Context& context, std::string const& area) {
    json::array items;
    auto const add = [&](std::span<ErrorRow const> rows) {
        for (auto const& row : rows)
            if (area.empty() || row.code.substr(0, row.code.find('.')) == area)
                items.push_back(row_object(row));
    };
    add(catalogue());
    if (auto const adapters = context.adapters())
        for (auto const& network : (*adapters)->names()) {
            auto const adapter = (*adapters)->find(network);
            if (adapter) {
                add((*adapter)->descriptor().errors);
                continue;
            }
            Finding unusable;
            unusable.level = Finding::Level::warning;
            unusable.code = adapter.error().code();
            unusable.message = adapter.error().message();
            context.warnings.push_back(std::move(unusable));
        }
    json::object object;
    object["items"] = std::move(items);
    return object;
}

Error unknown_area(Context& context, std::string const& area) {
    std::vector<std::string> known;
    auto const all = errors_object(context, {});
    for (auto const& item : all.at("items").as_array()) {
        std::string_view const code = item.at("code").as_string();
        std::string word(code.substr(0, code.find('.')));
        if (std::find(known.begin(), known.end(), word) == known.end())
            known.push_back(std::move(word));
    }
    auto message = fmt::format("no code begins with '{}.'", area);
    if (auto const near = nearest_name(area, known); !near.empty())
        message += fmt::format("; did you mean '{}'?", near);
    return make_error("not_found.schema", message).with("name", "errors " + area);
}

json::object operation_schemas(Operation const& operation, bool concise) {
    json::object object;
    object["name"] = operation.name;
    object["command"] = command_of(operation);
    object["stage"] = operation.stage;
    object["input"] = input_schema(operation.inputs);
    if (operation.keyed) {
        // A flag of all commands that have one, and yet part of the request.
        auto const* key = find_input(global_inputs(), "idempotency_key");
        object["input"].as_object()["properties"].as_object()[key->name] =
            input_schema({key, 1}).at("properties").at(key->name);
    }
    auto output = schema_of(operation.output);
    object["output"] = concise ? concise_schema(output) : std::move(output);
    json::array errors;
    for (auto const& code : parted(operation.errors, ' ')) errors.emplace_back(code);
    object["errors"] = std::move(errors);
    return object;
}

Operation const* operation_named(std::string name) {
    std::replace(name.begin(), name.end(), ' ', '.');
    std::replace(name.begin(), name.end(), '-', '_');
    if (auto const* operation = find_operation(name)) return operation;
    // As the tool of the same name is called: job_wait.
    std::replace(name.begin(), name.end(), '_', '.');
    return find_operation(name);
}

Error unknown_schema(std::string const& name) {
    std::vector<std::string> known = {"envelope", "exit-codes", "errors"};
    for (auto const* operation : operations()) known.emplace_back(operation->name);
    auto message = fmt::format("there is no schema '{}'", name);
    if (auto const near = nearest_name(name, known); !near.empty())
        message += fmt::format("; did you mean '{}'?", near);
    return make_error("not_found.schema", message).with("name", name);
}

Result<Answer> run_schema(Context& context, Request const& request) {
    Answer answer;
    auto words = request.texts("name");
    std::string name;
    for (auto const& word : words) name += (name.empty() ? "" : ".") + word;
    if (request.flag("all")) {
        json::object all;
        all["envelope"] = envelope_schema();
        all["exit_codes"] = exit_codes_object();
        all["errors"] = errors_object(context, {});
        json::array items;
        for (auto const* operation : operations())
            items.push_back(operation_schemas(*operation, context.globals().concise));
        all["operations"] = std::move(items);
        answer.data["all"] = std::move(all);
        return answer;
    }
    if (name.empty()) {
        json::array items;
        for (auto const* one : {"envelope", "exit-codes", "errors"}) items.emplace_back(one);
        for (auto const* operation : operations()) items.emplace_back(operation->name);
        answer.data["names"] = std::move(items);
        return answer;
    }
    if (name == "openapi" || name == "mcp")
        return make_error("usage.later_stage",
                          fmt::format("schema {} belongs to a later stage", name))
            .with("stage", name == "mcp" ? "2" : "3");
    if (name == "envelope") {
        answer.data["envelope"] = envelope_schema();
        return answer;
    }
    if (name == "exit-codes") {
        answer.data["exit_codes"] = exit_codes_object();
        return answer;
    }
    if (words.front() == "errors" && words.size() <= 2) {
        auto const area = words.size() == 2 ? words.back() : std::string();
        answer.data["errors"] = errors_object(context, area);
        if (answer.data["errors"].at("items").as_array().empty())
            return unknown_area(context, area);
        return answer;
    }
    auto const* operation = operation_named(name);
    if (!operation) return unknown_schema(name);
    if (request.flag("skeleton"))
        answer.data["skeleton"] = skeleton(operation->inputs);
    else
        answer.data["operation"] = operation_schemas(*operation, context.globals().concise);
    return answer;
}

constexpr InputSpec schema_inputs[] = {
    {.name = "name",
     .help =
         "an operation, or envelope, exit-codes, errors (or errors AREA, such as errors media); "
         "nothing: all names",
     .positional = true,
     .repeatable = true},
    {.name = "all", .type = InputType::boolean, .help = "everything at once; large, use --out"},
    {.name = "skeleton", .type = InputType::boolean, .help = "a request to fill in, for --input"},
    {.name = "deprecated",
     .type = InputType::boolean,
     .help = "also what is on its way out (nothing is, so far)"},
};
constexpr std::string_view schema_examples[] = {
    "schema job.wait", "schema post plan --skeleton", "schema exit-codes", "schema errors media"};

}  // namespace

constinit Operation const version_operation{
    .name = "version",
    .sentence = "version of the program and of its interfaces",
    .output = "{version: text, envelope: text, adapter_interface: int, build: text}",
    .scope = Scope::read,
    .examples = version_examples,
    .standalone = true,
    .run = run_version,
};

constinit Operation const explain_operation{
    .name = "explain",
    .sentence = "cause, effect on the world and steps for one error code",
    .inputs = explain_inputs,
    .output = "@explained",
    .errors = "not_found.code",
    .scope = Scope::read,
    .examples = explain_examples,
    .standalone = true,
    .run = run_explain,
};

constinit Operation const schema_operation{
    .name = "schema",
    .sentence = "JSON Schemas of requests and answers, exit codes, error codes",
    .inputs = schema_inputs,
    .output =
        "{names?: [text], all?: object, envelope?: object, exit_codes?: object, errors?: object, "
        "operation?: object, skeleton?: object}",
    .errors = "not_found.schema usage.later_stage",
    .scope = Scope::read,
    .examples = schema_examples,
    .standalone = true,
    .run = run_schema,
};

}  // namespace postrider::cli
