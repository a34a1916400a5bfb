// `postrider status`: what needs me?
#include "operations/account/shown.hpp"
#include "operations/declared.hpp"
#include "operations/lookup.hpp"

#include <boost/json/array.hpp>

#include <postrider/core/reconnect.hpp>

#include <fmt/format.h>

#include <functional>
#include <map>
#include <set>

namespace postrider::cli {

namespace {

namespace json = boost::json;
using core::JobState;

constexpr auto soon = std::chrono::hours(24);
constexpr auto token_warning = std::chrono::hours(24 * 7);

struct AccountCounts {
    std::map<std::string, int> states;
    int due_soon = 0;
    int dead = 0;
};

json::object account_row(std::string const& name, AccountCounts const& counts) {
    json::object object;
    object["account"] = name;
    auto const of = [&counts](char const* state) {
        auto const found = counts.states.find(state);
        return found == counts.states.end() ? 0 : found->second;
    };
    object["due_soon"] = counts.due_soon;
    object["running"] = of("running");
    object["waiting"] = of("waiting");
    object["awaiting_approval"] = of("awaiting_approval");
    object["unknown"] = of("unknown");
    object["dead"] = counts.dead;
    object["published"] = of("published") + of("handed_off");
    return object;
}

using Need = std::function<void(char const*, std::string const&, std::string const&)>;

// What is left alone for a while. An endpoint comes back by itself; an account's authorisation that
// is refused again and again is its creator's to mend.
Result<void> tell_circuits(core::Tables& tables, Instant now, Need const& need, Answer& answer) {
    auto circuits = tables.circuits();
    if (!circuits) return circuits.error();
    json::array list;
    for (auto const& circuit : *circuits) {
        auto const words = parted(circuit.key, '/');
        bool const of_account = words.size() == 3 && words[1] == "account";
        json::object object;
        object["network"] = words.front();
        object["endpoint"] = nullptr;
        object["account"] = nullptr;
        auto subject = circuit.key;
        if (of_account) {
            auto account = tables.account(words[2]);
            if (!account) return account.error();
            subject = *account ? (*account)->name : words[2];
            object["account"] = subject;
        } else {
            object["endpoint"] = words.size() > 1 ? words[1] : std::string();
        }
        for (auto const& member : circuit_object(circuit)) object[member.key()] = member.value();
        list.push_back(std::move(object));
        bool const open = circuit.phase == core::CircuitState::Phase::open && circuit.until > now;
        need("circuit",
             subject,
             fmt::format("{} since {}{}: {}",
                         open ? "left alone" : "comes back in steps",
                         to_rfc3339(circuit.opened_at),
                         open ? " until " + to_rfc3339(circuit.until) : std::string(),
                         circuit.evidence));
        if (of_account)
            answer.next.push_back({"Ask the network how the account stands",
                                   "nothing",
                                   {"account", "check", subject}});
    }
    answer.data["circuits"] = std::move(list);
    return {};
}

constexpr int hooks_shown = 100;

Result<void> tell_hooks(core::Tables& tables, Need const& need, Answer& answer) {
    auto failed = tables.failed_hook_runs(hooks_shown);
    if (!failed) return failed.error();
    for (auto const& run : *failed) {
        auto const* action = run.action.if_contains("action");
        need("hook",
             run.job_id,
             fmt::format("{} on {} failed {}, {}: {}",
                         action && action->is_string() ? std::string(action->get_string())
                                                       : std::string("its hook"),
                         run.state,
                         run.attempts == 1 ? "once" : fmt::format("{} times", run.attempts),
                         run.next_at ? "tried again at " + to_rfc3339(*run.next_at)
                                     : std::string("given up"),
                         run.error));
        answer.next.push_back(
            {"What this job's hooks did", "nothing", {"job", "show", run.job_id, "--timeline"}});
    }
    return {};
}

Result<Answer> run_status(Context& context, Request const&) {
    auto const now = context.now();
    auto read = read_store<Answer>(context, [&](core::Tables& tables) -> Result<Answer> {
        Answer answer;
        auto jobs = all_jobs(tables, {});
        if (!jobs) return jobs.error();
        auto accounts = tables.accounts();
        if (!accounts) return accounts.error();
        std::map<std::string, AccountCounts> rows;
        std::map<std::string, int> totals;
        for (auto const& account : *accounts) rows[account.name];
        for (auto const& job : *jobs) {
            auto& row = rows[job.spec.account];
            ++row.states[std::string(word(job.state))];
            ++totals[std::string(word(job.state))];
            if (job.state == JobState::scheduled && job.spec.due_at < now + soon) ++row.due_soon;
            if (job.state == JobState::rejected && job.revivable) ++row.dead;
        }
        json::array needs;
        Need const need =
            [&needs](char const* what, std::string const& subject, std::string const& sentence) {
                json::object object;
                object["what"] = what;
                object["subject"] = subject;
                object["sentence"] = sentence;
                needs.push_back(std::move(object));
            };
        auto pending = tables.approvals("", "pending");
        if (!pending) return pending.error();
        for (auto const& approval : *pending) {
            need("approval",
                 approval.id,
                 fmt::format("waits for a person until {}", to_rfc3339(approval.expires_at)));
            answer.next.push_back({"The person who decides grants or declines here",
                                   "person",
                                   {"approval", "grant", approval.id}});
        }
        std::map<std::string, std::string> refused_apps;
        for (auto const& job : *jobs) {
            if (job.state == JobState::unknown) {
                need("unknown",
                     job.id,
                     fmt::format("nobody knows yet whether it was published to {}",
                                 job.spec.account));
                answer.next.push_back(
                    {"Look for what became of it", "nothing", {"job", "reconcile", job.id}});
            } else if (job.state == JobState::waiting && job.error &&
                       job.error->code() == "app.bad_credentials") {
                refused_apps.emplace(job.app_id, job.error->message());
            } else if (job.state == JobState::rejected && job.revivable) {
                need("dead_letter",
                     job.id,
                     job.error ? job.error->message() : std::string("it was rejected"));
            }
        }
        for (auto const& [id, sentence] : refused_apps) {
            auto app = tables.app(id);
            if (!app) return app.error();
            if (!*app) continue;
            auto const name = (*app)->network + "/" + (*app)->name;
            need("app", name, sentence);
            answer.next.push_back({"Store the key and secret that its network knows",
                                   "person",
                                   {"app", "set", name, "--secret-stdin"}});
        }
        auto reconnects = core::accounts_to_reconnect(tables, now);
        if (!reconnects) return reconnects.error();
        std::set<std::string> named;
        for (auto const& reconnect : *reconnects) {
            named.insert(reconnect.account);
            need("reconnect",
                 reconnect.account,
                 reconnect.refused
                     ? std::string("the network no longer accepts its authorisation")
                     : fmt::format(
                           "its authorisation ends at {}, and it has a post due at {} after that",
                           to_rfc3339(reconnect.by),
                           to_rfc3339(*reconnect.due_at)));
            answer.next.push_back({"The creator signs in again",
                                   "person",
                                   {"account", "connect", reconnect.account}});
        }
        for (auto const& account : *accounts) {
            auto tokens = tables.tokens(account.id);
            if (!tokens) return tokens.error();
            if (!named.contains(account.name) && *tokens && (*tokens)->refresh_expires_at &&
                *(*tokens)->refresh_expires_at < now + token_warning)
                need("reconnect",
                     account.name,
                     fmt::format("its authorisation ends at {}",
                                 to_rfc3339(*(*tokens)->refresh_expires_at)));
            if (account.paused && !account.reconnect_needed)
                need("paused",
                     account.name,
                     account.pause_reason.empty() ? "it is paused" : account.pause_reason);
        }
        if (auto told = tell_circuits(tables, now, need, answer); !told) return told.error();
        if (auto told = tell_hooks(tables, need, answer); !told) return told.error();
        json::object counts;
        for (auto const& [state, count] : totals) counts[state] = count;
        json::array list;
        for (auto const& [name, row] : rows) list.push_back(account_row(name, row));
        auto circuits = std::move(answer.data["circuits"]);
        answer.data.clear();
        answer.data["needs_you"] = std::move(needs);
        answer.data["circuits"] = std::move(circuits);
        answer.data["counts"] = std::move(counts);
        answer.data["accounts"] = std::move(list);
        return answer;
    });
    if (!read) return read.error();
    read->data["engine_running"] = context.engine_runs_elsewhere();
    return read;
}

constexpr std::string_view status_examples[] = {"status"};

}  // namespace

constinit Operation const status_operation{
    .name = "status",
    .sentence =
        "what needs you: approvals, unknown outcomes, dead letters, accounts to connect again, "
        "circuits that are open, hooks that failed",
    .output =
        "{needs_you: [{what: "
        "\"approval\"|\"unknown\"|\"dead_letter\"|\"reconnect\"|\"app\"|\"paused\"|"
        "\"circuit\"|\"hook\", subject: text, sentence: !text}], circuits: [{network: text, "
        "endpoint: text|null, account: text|null, phase: \"open\"|\"half_open\", since: instant, "
        "until: instant, evidence: text}], counts: {*: int}, accounts: [{account: text, due_soon: "
        "int, running: "
        "int, "
        "waiting: int, awaiting_approval: int, unknown: int, dead: int, published: int}], "
        "engine_running: bool}",
    .scope = Scope::read,
    .examples = status_examples,
    .view =
        "hide: circuits; needs_you: what subject sentence; "
        "accounts: account due_soon running waiting awaiting_approval unknown dead published",
    .run = run_status,
};

}  // namespace postrider::cli
