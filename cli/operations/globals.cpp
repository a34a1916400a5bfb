// The table of global flags.
#include "operations/globals.hpp"

namespace postrider::cli {

namespace {

constexpr InputSpec inputs[] = {
    {.name = "output",
     .type = InputType::choice,
     .help = "form of the answer",
     .values = "auto|table|json|ndjson|id|none",
     .more = "`auto` is a table on a terminal and one line of JSON elsewhere. Short: -o."},
    {.name = "json", .type = InputType::boolean, .help = "the same as -o json"},
    {.name = "input",
     .type = InputType::path,
     .help = "the whole request as a JSON object from a file, or - for standard input",
     .more = "Flags win over it. `postrider schema NAME --skeleton` prints one to fill in.",
     .placeholder = "FILE|-"},
    {.name = "timeout",
     .type = InputType::duration,
     .help = "how long a wait may take; the job goes on"},
    {.name = "store", .type = InputType::path, .help = "the store to use", .placeholder = "FILE"},
    {.name = "no_input",
     .type = InputType::boolean,
     .help = "never ask; a missing value is an error"},
    {.name = "dry_run",
     .type = InputType::boolean,
     .help = "the real engine, but every request that is not a look is refused and shown"},
    {.name = "quiet", .type = InputType::boolean, .help = "nothing on standard error"},
    {.name = "verbose",
     .type = InputType::boolean,
     .help = "each request with status and duration, and where each job stands, on standard error"},
    {.name = "color", .type = InputType::choice, .help = "colours", .values = "auto|always|never"},
    {.name = "progress",
     .type = InputType::choice,
     .help = "live progress on standard error",
     .values = "auto|json|none"},
    {.name = "idempotency_key",
     .type = InputType::text,
     .help = "name of this one post: the same key never posts twice",
     .placeholder = "KEY"},
    {.name = "fields",
     .type = InputType::text,
     .help = "only these members of the data, such as id,state,receipt.seen",
     .placeholder = "A,B.C"},
    {.name = "get",
     .type = InputType::text,
     .help = "print one value alone, named by a JSON Pointer such as /plan/plan_hash",
     .placeholder = "POINTER"},
    {.name = "detail",
     .type = InputType::choice,
     .help = "how much an answer says: concise leaves out what is rarely needed, and what is null",
     .values = "full|concise",
     .fallback = "full",
     .more =
         "Of JSON only; --fields and --get choose from the full answer. `postrider schema NAME` "
         "marks what goes with x-detail, `schema NAME --detail concise` is the schema of the "
         "rest."},
    {.name = "out",
     .type = InputType::path,
     .help = "write the data to a file; the answer says path, bytes and hash",
     .placeholder = "FILE"},
    {.name = "limit",
     .type = InputType::integer,
     .help = "how many items, at most 100",
     .fallback = "20",
     .min = 1,
     .max = 100},
    {.name = "cursor",
     .type = InputType::text,
     .help = "go on after meta.next_cursor of the last answer"},
    {.name = "all", .type = InputType::boolean, .help = "every item, as lines of JSON"},
    {.name = "strict_paths",
     .type = InputType::boolean,
     .help = "refuse files outside the configured media and campaign folders"},
    {.name = "request_id",
     .type = InputType::text,
     .help = "id of this request in answers and logs",
     .placeholder = "ID"},
    {.name = "schema",
     .type = InputType::choice,
     .help = "version of the envelope",
     .values = "postrider/1"},
};

}  // namespace

std::span<InputSpec const> global_inputs() {
    return inputs;
}

bool has_global(Operation const& operation, std::string_view name) {
    if (name == "limit" || name == "cursor" || name == "all") return operation.lists;
    if (name == "idempotency_key") return operation.keyed;
    if (name == "dry_run") return operation.effect == OperationEffect::sends;
    if (name == "timeout") return !operation.time_limit.empty();
    // The operation's own input of that name comes first (`run --timeout`, `schema` of an
    // operation).
    return find_input(operation.inputs, name) == nullptr;
}

OutputMode output_mode(std::string_view word) {
    if (word == "table") return OutputMode::table;
    if (word == "json") return OutputMode::json;
    if (word == "ndjson") return OutputMode::ndjson;
    if (word == "id") return OutputMode::id;
    if (word == "none") return OutputMode::none;
    return OutputMode::auto_;
}

Globals globals_from(boost::json::object const& values) {
    Request const request(values);
    Globals globals;
    globals.output_word = request.has("output") ? request.text("output") : "auto";
    if (request.flag("json")) globals.output_word = "json";
    globals.output = output_mode(globals.output_word);
    globals.input = request.text("input");
    globals.store = request.text("store");
    globals.timeout = request.duration("timeout");
    globals.no_input = request.flag("no_input");
    globals.dry_run = request.flag("dry_run");
    globals.quiet = request.flag("quiet");
    globals.verbose = request.flag("verbose");
    if (request.has("color")) globals.color = request.text("color");
    if (request.has("progress")) globals.progress = request.text("progress");
    globals.idempotency_key = request.text("idempotency_key");
    globals.fields = parted(request.text("fields"), ',');
    globals.get = request.text("get");
    globals.concise = request.text("detail") == "concise";
    globals.out = request.text("out");
    if (request.has("limit")) globals.limit = static_cast<int>(request.integer("limit"));
    globals.cursor = request.text("cursor");
    globals.all = request.flag("all");
    globals.strict_paths = request.flag("strict_paths");
    globals.request_id = request.text("request_id");
    return globals;
}

}  // namespace postrider::cli
