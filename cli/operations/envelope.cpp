// Builds the envelope, keeps it small, and says what to do next.
#include "operations/envelope.hpp"

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>

#ifndef POSTRIDER_VERSION
#define POSTRIDER_VERSION "0.0.0"
#endif

namespace postrider::cli {

namespace {

namespace json = boost::json;

json::object warning_object(Finding const& finding) {
    // The envelope's form of a finding: code, message, and where, nothing else.
    json::object warning;
    warning["code"] = finding.code;
    warning["message"] = finding.message;
    if (!finding.path.empty()) {
        warning["path"] = finding.path;
    } else if (!finding.file.empty()) {
        warning["path"] =
            finding.line > 0 ? finding.file + ":" + std::to_string(finding.line) : finding.file;
    }
    return warning;
}

json::object next_object(Next const& next) {
    json::object object;
    object["why"] = next.why;
    object["needs"] = next.needs;
    json::array argv;
    argv.emplace_back("postrider");
    for (auto const& word : next.argv) argv.emplace_back(word);
    object["argv"] = std::move(argv);
    return object;
}

json::array* longest_list(json::object& data) {
    json::array* longest = nullptr;
    for (auto& member : data)
        if (auto* list = member.value().if_array();
            list && (!longest || list->size() > longest->size()))
            longest = list;
    return longest;
}

std::string context_value(Error const& error, std::string_view name) {
    for (auto const& [key, value] : error.context())
        if (key == name) return value;
    return {};
}

}  // namespace

std::string tool_name() {
    return std::string("postrider ") + POSTRIDER_VERSION;
}

json::object envelope(Ending const& ending) {
    json::object object;
    object["schema"] = envelope_schema_name;
    object["ok"] = !ending.error.has_value();
    object["command"] = ending.command;
    if (ending.data)
        object["data"] = *ending.data;
    else
        object["data"] = nullptr;
    if (ending.error)
        object["error"] = ending.error->to_json();
    else
        object["error"] = nullptr;
    json::array warnings;
    for (auto const& warning : ending.warnings) warnings.push_back(warning_object(warning));
    object["warnings"] = std::move(warnings);
    json::array next;
    for (auto const& step : ending.next) next.push_back(next_object(step));
    object["next"] = std::move(next);
    json::object meta;
    meta["request_id"] = ending.request_id;
    meta["tool"] = tool_name();
    meta["elapsed_ms"] = ending.elapsed_ms;
    meta["replayed"] = ending.replayed;
    if (ending.next_cursor) meta["next_cursor"] = *ending.next_cursor;
    if (ending.truncated) meta["truncated"] = true;
    if (ending.out) meta["out"] = *ending.out;
    object["meta"] = std::move(meta);
    return object;
}

int exit_of(Ending const& ending) {
    if (ending.exit != 0) return ending.exit;
    return ending.error ? exit_code(ending.error->kind()) : 0;
}

void cut_to_size(Ending& ending, std::size_t limit) {
    if (!ending.data) return;
    auto size = json::serialize(*ending.data).size();
    while (size > limit) {
        auto* list = longest_list(*ending.data);
        if (!list || list->empty()) {
            // Nothing that can be cut by the piece: the whole is left to --out.
            ending.data = json::object{};
            ending.truncated = true;
            return;
        }
        // By its share, so that few rounds are needed.
        auto const keep = list->size() * limit / (size + 1);
        list->resize(std::min(keep, list->size() - 1));
        ending.truncated = true;
        size = json::serialize(*ending.data).size();
    }
    auto const* items = ending.data->if_contains("items");
    if (!items || !items->is_array()) return;
    auto const shown = items->get_array().size();
    if (shown > 0 && shown < ending.cursors.size()) ending.next_cursor = ending.cursors[shown - 1];
}

std::vector<Next> next_of(Error const& error) {
    std::vector<Next> steps;
    auto const account = context_value(error, "account");
    auto const job = context_value(error, "job");
    auto const& code = error.code();
    auto add = [&steps](std::string why, std::string needs, std::vector<std::string> argv) {
        steps.push_back({std::move(why), std::move(needs), std::move(argv)});
    };
    if (code == "setup.not_initialised")
        add("Make the store, its key and the first person", "person", {"init"});
    if (code.ends_with("_not_offered") && !account.empty())
        add("See what the account may choose now", "nothing", {"account", "check", account});
    if (code == "account.reconnect_needed" || code == "account.scope_missing")
        if (!account.empty())
            add("The creator signs in again", "person", {"account", "connect", account});
    if (code == "job.outcome_unknown" && !job.empty())
        add("Look for what became of it", "nothing", {"job", "reconcile", job});
    if (code == "not_found.account")
        add("See which accounts there are", "nothing", {"account", "list"});
    if (code == "not_found.app") add("See which apps there are", "nothing", {"app", "list"});
    if (code == "not_found.job") add("See which jobs there are", "nothing", {"job", "list"});
    if (code == "not_found.plan") add("See which plans there are", "nothing", {"plan", "list"});
    if (code == "not_found.approval")
        add("See which approvals there are", "nothing", {"approval", "list"});
    if (code == "not_found.network")
        add("See which networks there are", "nothing", {"network", "list"});
    if (code == "not_found.person") add("See who is known", "nothing", {"person", "list"});
    if (code == "not_found.campaign")
        add("See which campaigns there are", "nothing", {"campaign", "list"});
    if (auto const approval = context_value(error, "approval");
        !approval.empty() && (code == "approval.time_passed" || code == "approval.open_choice"))
        add("The person who decides is asked on a terminal",
            "person",
            {"approval", "grant", approval});
    if (code == "setup.store_older") {
        add("Keep a copy first", "input", {"store", "backup", "--to", "before-migration.db"});
        add("Bring it up to date, once no older postrider uses it", "person", {"store", "migrate"});
    }
    if (error.kind() == ErrorKind::setup && code != "setup.not_initialised")
        add("See what is wrong with this machine", "nothing", {"doctor"});
    add("Cause and steps in full", "nothing", {"explain", code});
    return steps;
}

json::object envelope_schema() {
    // surfaces.md 3.1, word for word.
    static constexpr std::string_view text = R"({
"$schema":"https://json-schema.org/draft/2020-12/schema","$id":"postrider:envelope/1","type":"object",
"required":["schema","ok","command","data","error","warnings","next","meta"],
"properties":{
 "schema":{"const":"postrider/1"},
 "ok":{"type":"boolean"},
 "command":{"type":"string"},
 "data":{"type":["object","null"]},
 "error":{"oneOf":[{"type":"null"},{"$ref":"#/$defs/error"}]},
 "warnings":{"type":"array","items":{"type":"object","required":["code","message"],"properties":{
  "code":{"$ref":"#/$defs/code"},"message":{"type":"string"},"path":{"type":"string"},
  "removed_in":{"type":"string"}}}},
 "next":{"type":"array","items":{"type":"object","required":["why","needs"],
  "anyOf":[{"required":["argv"]},{"required":["tool","arguments"]},{"required":["url"]}],
  "properties":{"why":{"type":"string"},"needs":{"enum":["nothing","input","person"]},
   "argv":{"type":"array","items":{"type":"string"},"minItems":1},
   "tool":{"type":"string"},"arguments":{"type":"object"},"url":{"type":"string"}}}},
 "meta":{"type":"object","required":["request_id","tool","elapsed_ms","replayed"],"properties":{
  "request_id":{"type":"string"},"tool":{"type":"string"},"elapsed_ms":{"type":"integer","minimum":0},
  "replayed":{"type":"boolean"},"workspace":{"type":"string"},"next_cursor":{"type":["string","null"]},
  "truncated":{"type":"boolean"},"out":{"type":"object"}}}},
"if":{"properties":{"ok":{"const":true}}},
"then":{"properties":{"error":{"type":"null"}}},
"else":{"properties":{"error":{"type":"object"}}},
"$defs":{
 "code":{"type":"string","pattern":"^[a-z][a-z0-9_]*(\\.[a-z0-9_]+)+$"},
 "error":{"type":"object","required":["code","kind","owner","exit","message","side_effects","retry"],
  "properties":{
   "code":{"$ref":"#/$defs/code"},"exit":{"type":"integer","minimum":1,"maximum":16},
   "kind":{"enum":["internal","usage","not_found","unauthorized","denied","approval","invalid","conflict",
    "rate_limited","unavailable","timeout","rejected","unrecognized","partial","unknown","setup","script"]},
   "owner":{"enum":["you","creator","operator","network","postrider"]},
   "side_effects":{"enum":["none","partial","possible"]},
   "operation":{"type":"string"},"message":{"type":"string"},"hint":{"type":"string"},
   "retry":{"type":"object","required":["when"],"properties":{
    "after_ms":{"type":"integer","minimum":0},"at":{"type":"string"},
    "when":{"enum":["never","backoff","after","fix_first","person_first","reconcile_first"]}}},
   "at":{"type":"array","items":{"type":"object","required":["message"],"properties":{
    "path":{"type":"string"},"file":{"type":"string"},"line":{"type":"integer","minimum":1},
    "code":{"$ref":"#/$defs/code"},"message":{"type":"string"},"got":{},"allowed":{"type":"array"}}}},
   "context":{"type":"object"},"cause":{"type":["object","null"]}}}}})";
    return json::parse(text).as_object();
}

}  // namespace postrider::cli
