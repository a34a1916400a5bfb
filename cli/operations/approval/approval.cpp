// `postrider approval`: what waits for a person, and their decisions.
#include "operations/approval/granting.hpp"
#include "operations/declared.hpp"
#include "operations/lookup.hpp"
#include "operations/person/passphrase.hpp"

#include <postrider/catalogue.hpp>

#include <boost/json/array.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace postrider::cli {

namespace {

namespace json = boost::json;

json::array approval_list(std::vector<core::Approval> const& approvals) {
    json::array list;
    for (auto const& approval : approvals) list.push_back(core::to_json(approval));
    return list;
}

Result<Answer> run_approval_list(Context& context, Request const& request) {
    auto approvals = read_store<std::vector<core::Approval>>(context, [&](core::Tables& tables) {
        return tables.approvals(request.text("plan"), request.text("state"));
    });
    if (!approvals) return approvals.error();
    auto paged =
        page_of(*approvals, context.globals(), [](core::Approval const& one) { return one.id; });
    if (!paged) return paged.error();
    auto& [page, next] = *paged;
    return list_answer(context, approval_list(page), next);
}

Result<Answer> run_approval_show(Context& context, Request const& request) {
    auto view = consent_view(context, request.text("approval"));
    if (!view) return view.error();
    Answer answer;
    answer.data["approval"] = core::to_json(view->approval);
    json::array parts;
    for (auto const& part : view->parts) {
        json::object object;
        object["key"] = part.planned.spec.key;
        object["post"] = part.planned.spec.post_key;
        object["account"] = part.planned.spec.account;
        object["caption"] = part.planned.spec.post.caption;
        object["options"] = part.planned.spec.post.options;
        object["due_at"] = to_rfc3339(part.planned.spec.due_at);
        object["asap"] = part.planned.spec.asap;
        json::array asks;
        for (auto const& ask : part.planned.asks) asks.emplace_back(ask);
        object["asks"] = std::move(asks);
        object["words"] = part.words;
        if (part.facts)
            object["facts"] = adapter::to_json(*part.facts);
        else
            object["facts"] = nullptr;
        json::array lapsed;
        for (auto const& finding : part.lapsed) {
            lapsed.push_back(finding_object(finding));
            answer.warnings.push_back(finding);
        }
        object["lapsed"] = std::move(lapsed);
        parts.push_back(std::move(object));
    }
    answer.data["jobs"] = std::move(parts);
    answer.text = consent_text(*view, context.paint());
    answer.next = ways_out_of_lapse(*view);
    if (view->approval.state == "pending" && answer.next.empty())
        answer.next.push_back({"The person who decides grants or declines here",
                               "person",
                               {"approval", "grant", view->approval.id}});
    return answer;
}

Result<Answer> run_request(Context& context, Request const& request) {
    auto opened = write_store<std::vector<core::Approval>>(
        context, [&](core::Tables& tables) -> Result<std::vector<core::Approval>> {
            auto plan = plan_named(tables, request.text("plan"));
            if (!plan) return plan.error();
            return core::request_approval(
                tables, plan->id, request.text("note"), context.now(), context.random());
        });
    if (!opened) return opened.error();
    Answer answer;
    answer.data["approvals"] = approval_list(*opened);
    for (auto const& approval : *opened)
        if (approval.state == "pending")
            answer.next.push_back({"The person who decides grants or declines here",
                                   "person",
                                   {"approval", "grant", approval.id}});
    return answer;
}

// The approvals that are named, or all pending ones of the plan with this hash.
Result<std::vector<std::string>> chosen_approvals(Context& context,
                                                  Request const& request,
                                                  bool hash_needed) {
    auto const named = request.texts("approval");
    auto const hash = request.text("hash");
    if (hash_needed && hash.empty()) {
        Finding finding;
        finding.code = "usage.missing_input";
        finding.path = "/hash";
        finding.message = "--hash is needed: the plan_hash that the person approves";
        return make_error("usage.missing_input", finding.message).with_at(finding);
    }
    return read_store<std::vector<std::string>>(
        context, [&](core::Tables& tables) -> Result<std::vector<std::string>> {
            std::vector<std::string> ids;
            for (auto const& name : named) {
                auto approval = approval_named(tables, name);
                if (!approval) return approval.error();
                if (!hash.empty() && approval->plan_hash != hash)
                    return make_error("approval.hash_mismatch",
                                      fmt::format("{} covers another plan hash than the one given",
                                                  approval->id))
                        .with("approval", approval->id);
                ids.push_back(approval->id);
            }
            if (!ids.empty()) return ids;
            if (hash.empty())
                return make_error("usage.missing_input", "name an approval, or a plan by --hash");
            auto pending = tables.approvals("", "pending");
            if (!pending) return pending.error();
            for (auto const& approval : *pending)
                if (approval.plan_hash == hash) ids.push_back(approval.id);
            if (ids.empty())
                return make_error("not_found.approval",
                                  "no approval is pending for a plan with this hash");
            return ids;
        });
}

Answer decided_answer(std::vector<core::Approval> const& approvals) {
    Answer answer;
    answer.data["approvals"] = approval_list(approvals);
    return answer;
}

// On a terminal the person is asked; elsewhere they prove themselves by passphrase.
Result<std::string> proven_name(Context& context, Request const& request) {
    auto name = request.text("person");
    if (name.empty()) {
        Finding finding;
        finding.code = "usage.missing_input";
        finding.path = "/person";
        finding.message = "--person is needed: who decides?";
        return make_error("usage.missing_input", finding.message).with_at(finding);
    }
    auto passphrase =
        context.secret(request, "passphrase_stdin", fmt::format("Passphrase of {}: ", name));
    if (!passphrase) return passphrase.error();
    auto person = proven_person(context, name, *passphrase);
    if (!person) return person.error();
    return person->name;
}

Result<Answer> run_grant(Context& context, Request const& request) {
    bool const piped = request.flag("passphrase_stdin") || !context.may_prompt();
    auto ids = chosen_approvals(context, request, piped);
    if (!ids) return ids.error();
    if (!piped) {
        auto granted = grant_on_terminal(context, *ids, request.text("person"));
        if (!granted) return granted.error();
        return decided_answer(*granted);
    }
    auto name = proven_name(context, request);
    if (!name) return name.error();
    auto granted = grant_by_passphrase(context, *ids, *name, request.text("note"));
    if (!granted) return granted.error();
    auto answer = decided_answer(*granted);
    if (!context.engine_runs_elsewhere())
        answer.next.push_back(
            {"Let the engine work until nothing is due", "nothing", {"run", "--until", "idle"}});
    return answer;
}

Result<Answer> run_decline(Context& context, Request const& request) {
    auto ids = chosen_approvals(
        context, request, request.flag("passphrase_stdin") || !context.may_prompt());
    if (!ids) return ids.error();
    auto name = proven_name(context, request);
    if (!name) return name.error();
    auto declined = write_store<std::vector<core::Approval>>(
        context, [&](core::Tables& tables) -> Result<std::vector<core::Approval>> {
            std::vector<core::Approval> done;
            for (auto const& id : *ids) {
                core::Decision decision;
                decision.person = *name;
                decision.note = request.text("note");
                decision.how = request.flag("passphrase_stdin") ? "passphrase" : "terminal";
                auto approval = core::decline_approval(tables, id, decision, context.now());
                if (!approval) return approval.error();
                done.push_back(*std::move(approval));
            }
            return done;
        });
    if (!declined) return declined.error();
    return decided_answer(*declined);
}

constexpr InputSpec approval_list_inputs[] = {
    {.name = "state",
     .type = InputType::choice,
     .help = "only approvals in this state",
     .values = "pending|granted|declined|expired|superseded|revoked"},
    {.name = "plan", .help = "only approvals of this plan"},
};
constexpr InputSpec approval_show_inputs[] = {
    {.name = "approval", .help = "an approval's id", .positional = true, .required = true},
};
constexpr InputSpec request_inputs[] = {
    {.name = "plan", .help = "a plan's id", .positional = true, .required = true},
    {.name = "note", .help = "a sentence for the person who decides"},
};
constexpr InputSpec decide_inputs[] = {
    {.name = "approval",
     .help = "approvals by id; without one, all that are pending for --hash",
     .positional = true,
     .repeatable = true},
    {.name = "person", .help = "who decides, as person list prints them", .placeholder = "NAME"},
    {.name = "note", .help = "a sentence for the author"},
    {.name = "hash", .help = "the plan_hash that is decided about", .placeholder = "HASH"},
    {.name = "passphrase_stdin",
     .type = InputType::boolean,
     .help = "read the person's passphrase from the first line of standard input",
     .more = "Only while no choice is left open; recorded as given this way.",
     .secret = true},
};
constexpr std::string_view approval_list_examples[] = {"approval list --state pending"};
constexpr std::string_view approval_show_examples[] = {
    "approval show apr_01KAH6KQ1R3S5T7V9W0X2Y4Z6A"};
constexpr std::string_view request_examples[] = {
    "approval request pln_01KAH6J9C2D4F6G8H0J1K3M5N7 --note 'For Monday'"};
constexpr std::string_view grant_examples[] = {
    "approval grant apr_01KAH6KQ1R3S5T7V9W0X2Y4Z6A",
    "approval grant --person ines --hash sha256:9b74 --passphrase-stdin < passphrase.txt"};
constexpr std::string_view decline_examples[] = {
    "approval decline apr_01KAH6KQ1R3S5T7V9W0X2Y4Z6A --person ines --note 'The logo is old'"};

}  // namespace

constinit Operation const approval_list_operation{
    .name = "approval.list",
    .sentence = "approvals and how they stand, newest first",
    .inputs = approval_list_inputs,
    .output = "{items: [@approval], streamed?: int}",
    .scope = Scope::read,
    .examples = approval_list_examples,
    .view = "items: id state campaign plan_id person created_at expires_at",
    .lists = true,
    .run = run_approval_list,
};

constinit Operation const approval_show_operation{
    .name = "approval.show",
    .sentence = "what one approval covers, and every word that goes with it",
    .inputs = approval_show_inputs,
    .output =
        "{approval: @approval, jobs: [{key: text, post: text, account: text, caption: !text, "
        "options: object, "
        "due_at: instant, asap: bool, asks: [text], words: [object], facts: @facts|null, "
        "lapsed: [@finding]}]}",
    .errors = "not_found.approval",
    .scope = Scope::read,
    .effect = OperationEffect::looks,
    .examples = approval_show_examples,
    .run = run_approval_show,
};

constinit Operation const approval_request_operation{
    .name = "approval.request",
    .sentence = "open the approvals that a plan needs",
    .inputs = request_inputs,
    .output = "{approvals: [@approval]}",
    .errors = "not_found.plan conflict.wrong_state plan.expired",
    .scope = Scope::plan,
    .effect = OperationEffect::store,
    .examples = request_examples,
    .view = "approvals: id state plan_id expires_at",
    .run = run_request,
};

constinit Operation const approval_grant_operation{
    .name = "approval.grant",
    .sentence = "a person's yes: shows everything, asks what is open, needs their passphrase",
    .inputs = decide_inputs,
    .output = "{approvals: [@approval]}",
    .errors =
        "not_found.approval not_found.person person.passphrase_wrong approval.hash_mismatch "
        "approval.open_choice approval.expired approval.time_passed approval.lapsed "
        "conflict.wrong_state plan.expired",
    .effect = OperationEffect::looks,
    .examples = grant_examples,
    .view = "approvals: id state person plan_id decided_at",
    .run = run_grant,
};

constinit Operation const approval_decline_operation{
    .name = "approval.decline",
    .sentence = "a person's no: the jobs are cancelled, the note is kept",
    .inputs = decide_inputs,
    .output = "{approvals: [@approval]}",
    .errors =
        "not_found.approval not_found.person person.passphrase_wrong approval.hash_mismatch "
        "approval.expired conflict.wrong_state",
    .effect = OperationEffect::store,
    .examples = decline_examples,
    .view = "approvals: id state person plan_id decided_at",
    .run = run_decline,
};

}  // namespace postrider::cli
