// Shows what will be sent, asks what is open, and records the decision with every word that was
// shown.
#include "operations/approval/granting.hpp"

#include "operations/lookup.hpp"
#include "operations/person/passphrase.hpp"
#include "terminal/prompt.hpp"

#include <postrider/adapter/adapter.hpp>
#include <postrider/catalogue.hpp>
#include <postrider/core/media_rules.hpp>
#include <postrider/script/time.hpp>
#include <postrider/suggest.hpp>

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <ostream>
#include <set>

namespace postrider::cli {

namespace {

namespace json = boost::json;

std::string shown_value(json::value const& value) {
    if (adapter::is_ask(value)) return "(open: you decide)";
    if (value.is_string()) return escape_controls(value.get_string());
    return json::serialize(value);
}

std::string shown_media(adapter::MediaFacts const& facts) {
    auto const source = facts.url.empty() ? facts.path : facts.url;
    auto text = fmt::format("  media    {}\n", escape_controls(source));
    text += fmt::format("           {}x{}, {:.1f} s, {:.1f} MB, {}\n",
                        facts.width,
                        facts.height,
                        static_cast<double>(facts.duration_ms) / 1000,
                        static_cast<double>(facts.size_bytes) / 1e6,
                        facts.sha256);
    if (!facts.path.empty())
        text += fmt::format("           open it: xdg-open {}\n", core::shell_quoted(facts.path));
    return text;
}

// Beside the value itself, where whoever reads what would go out cannot miss it.
std::string lapse_mark(ConsentPart const& part, std::string_view option) {
    auto const end = fmt::format("/{}", option);
    for (auto const& finding : part.lapsed)
        if (finding.path.ends_with(end))
            return fmt::format("  NO LONGER OFFERED; offered now: {}",
                               escape_controls(json::serialize(finding.allowed)));
    return {};
}

std::string shown_part(ConsentPart const& part, Paint const& paint) {
    auto const& spec = part.planned.spec;
    auto text = paint.bold(escape_controls(spec.account));
    if (part.facts && !part.facts->nickname.empty())
        text += " (" + escape_controls(part.facts->nickname) + ")";
    text += "  post " + escape_controls(spec.post_key) + "\n";
    if (part.facts && part.facts->blocked)
        text += paint.bad("  This creator cannot post now: " +
                          escape_controls(part.facts->blocked->message())) +
                "\n";
    for (auto const& media : spec.post.media) text += shown_media(media);
    if (!spec.post.title.empty()) text += "  title    " + escape_controls(spec.post.title) + "\n";
    text += "  caption  " + escape_controls(spec.post.caption) + "\n";
    if (part.descriptor)
        for (auto const& option : part.descriptor->options) {
            auto const* value = spec.post.options.if_contains(option.name);
            if (!value) continue;
            auto const set = adapter::is_ask(*value) ? "" : "  (set by the author)";
            text += fmt::format("  {:<20} {}{}{}\n",
                                option.name,
                                shown_value(*value),
                                paint.faint(set),
                                paint.bad(lapse_mark(part, option.name)));
        }
    text += fmt::format(
        "  goes out {}\n",
        spec.asap ? "as soon as it is approved"
                  : fmt::format("{} {} ({})", spec.wall, spec.zone, to_rfc3339(spec.due_at)));
    for (auto const& hook : spec.hooks)
        text += fmt::format("  when {}: {}\n",
                            std::string_view(hook.key()),
                            escape_controls(json::serialize(hook.value())));
    if (!spec.note.empty()) text += "  note     " + escape_controls(spec.note) + "\n";
    for (auto const& finding : part.planned.findings)
        text += paint.wary("  warning  ") + escape_controls(finding.message) + "\n";
    for (auto const& entry : part.words) {
        auto const& words = entry.as_object();
        text += "  " + escape_controls(words.at("text").as_string()) + "\n";
        for (auto const& link : words.at("links").as_array())
            text += "    " + escape_controls(link.as_string()) + "\n";
    }
    return text;
}

// Values that a person may type for one open choice.
std::vector<std::string> values_of(adapter::OptionSpec const& option,
                                   std::optional<adapter::CreatorFacts> const& facts) {
    if (option.type == adapter::OptionType::boolean) {
        if (facts && facts->locked.contains(option.name)) return {"no"};
        return {"yes", "no"};
    }
    if (facts)
        if (auto const offered = facts->offered.find(option.name); offered != facts->offered.end())
            return offered->second;
    std::vector<std::string> values;
    for (auto const& value : option.values) values.push_back(value.value);
    return values;
}

json::value answer_value(adapter::OptionSpec const& option, std::string const& typed) {
    if (option.type == adapter::OptionType::boolean) return typed == "yes";
    return json::string(typed);
}

/// Asks for one open choice of one job until the answer is one of the allowed ones.
class ChoiceAsker {
 public:
    explicit ChoiceAsker(Context& context) : context_(context) {}

    std::optional<json::value> ask(ConsentPart const& part, std::string const& name) {
        auto const* option =
            part.descriptor ? adapter::find_option(*part.descriptor, name) : nullptr;
        if (!option) return std::nullopt;
        auto const values = values_of(*option, part.facts);
        auto const question = fmt::format("{}\n{}", name, fmt::join(values, "\n"));
        // Typed once where the question is the same; the person may say otherwise for a single job.
        auto const before = typed_.find(question);
        auto const& host = context_.host();
        *host.err << "\n" << part.planned.spec.account << ": " << option->help << "\n";
        if (auto const* open = part.planned.spec.post.options.if_contains(name);
            open && open->is_object() && open->get_object().contains("note"))
            *host.err << "  " << escape_controls(json::serialize(open->get_object().at("note")))
                      << "\n";
        for (auto const& value : option->values)
            if (std::find(values.begin(), values.end(), value.value) != values.end())
                *host.err << "  " << value.value << "  " << value.help << "\n";
        if (part.facts)
            if (auto const locked = part.facts->locked.find(name);
                locked != part.facts->locked.end())
                *host.err << "  only no: " << escape_controls(locked->second) << "\n";
        for (int turn = 0; turn < 5; ++turn) {
            auto prompt = fmt::format("{} [{}]", name, fmt::join(values, ", "));
            if (before != typed_.end()) prompt += fmt::format(" (Enter: {})", before->second);
            auto typed = ask_line(host, prompt + ": ");
            if (!typed) return std::nullopt;
            if (typed->empty() && before != typed_.end()) typed = before->second;
            if (values.empty() || std::find(values.begin(), values.end(), *typed) != values.end()) {
                typed_[question] = *typed;
                return answer_value(*option, *typed);
            }
            auto const near = nearest_name(*typed, values);
            *host.err << "Not one of them"
                      << (near.empty() ? "." : "; did you mean '" + near + "'?") << "\n";
        }
        return std::nullopt;
    }

 private:
    Context& context_;
    std::map<std::string, std::string> typed_;
};

core::Decision decision_for(ConsentView const& view, std::string const& person, std::string how) {
    core::Decision decision;
    decision.person = person;
    decision.how = std::move(how);
    for (auto const& part : view.parts) {
        for (auto const& word : part.words)
            if (std::find(decision.words.begin(), decision.words.end(), word) ==
                decision.words.end())
                decision.words.push_back(word);
        if (part.facts) decision.facts[part.planned.spec.account] = adapter::to_json(*part.facts);
    }
    return decision;
}

// The campaign leaves it to a person what becomes of a post that is late; other policies say it
// themselves.
bool needs_new_time(ConsentPart const& part, Instant now) {
    auto const& spec = part.planned.spec;
    return !spec.asap && spec.catch_up == "ask" && now - spec.due_at > spec.catch_up_within;
}

Error time_passed(ConsentView const& view, Instant now) {
    auto error = make_error("approval.time_passed").with("approval", view.approval.id);
    for (auto const& part : view.parts) {
        if (!needs_new_time(part, now)) continue;
        auto const& spec = part.planned.spec;
        Finding finding;
        finding.code = "approval.time_passed";
        finding.path = fmt::format("/{}/when", spec.key);
        finding.message =
            fmt::format("{} on {} was due at {}, now it is {}",
                        spec.post_key,
                        spec.account,
                        spec.wall.empty() ? to_rfc3339(spec.due_at) : spec.wall + " " + spec.zone,
                        to_rfc3339(now));
        finding.got = json::string(to_rfc3339(spec.due_at));
        error = error.with_at(std::move(finding));
    }
    return error;
}

/// Asks when a post goes out whose time has passed. Gives `now` or an instant.
class TimeAsker {
 public:
    explicit TimeAsker(Context& context) : context_(context) {}

    std::optional<std::string> ask(core::JobSpec const& spec) {
        auto const& host = context_.host();
        *host.err << "\n"
                  << escape_controls(spec.account) << ": " << escape_controls(spec.post_key)
                  << " was due at "
                  << (spec.wall.empty() ? to_rfc3339(spec.due_at) : spec.wall + " " + spec.zone)
                  << "; that has passed.\n";
        for (int turn = 0; turn < 5; ++turn) {
            std::string prompt = "When instead? now, or such as 2027-03-01 18:00";
            if (!spec.zone.empty()) prompt += " (" + spec.zone + ")";
            if (!before_.empty()) prompt += " (Enter: " + before_ + ")";
            auto typed = ask_line(host, prompt + ": ");
            if (!typed) return std::nullopt;
            if (typed->empty()) typed = before_;
            if (auto const decided = instant_of(*typed, spec)) {
                before_ = *typed;
                return decided;
            }
        }
        return std::nullopt;
    }

 private:
    std::optional<std::string> instant_of(std::string const& typed, core::JobSpec const& spec) {
        if (typed == "now") return typed;
        auto const compiled = script::compile_time(typed, spec.zone);
        auto const& host = context_.host();
        if (!compiled) {
            *host.err << escape_controls(compiled.error().message()) << "\n";
            return std::nullopt;
        }
        if (compiled->at <= context_.now()) {
            *host.err << "That has passed too.\n";
            return std::nullopt;
        }
        if (spec.not_after && compiled->at > *spec.not_after) {
            *host.err << "It must not go out after " << to_rfc3339(*spec.not_after) << ".\n";
            return std::nullopt;
        }
        return to_rfc3339(compiled->at);
    }

    Context& context_;
    std::string before_;  // typed once where the answer is the same
};

Error open_choice(ConsentView const& view) {
    auto error = make_error(
        "approval.open_choice",
        fmt::format("Approval {} leaves choices to a person at a terminal.", view.approval.id));
    for (auto const& part : view.parts)
        for (auto const& ask : part.planned.asks) {
            Finding finding;
            finding.code = "approval.open_choice";
            finding.path = fmt::format("/{}/options/{}", part.planned.spec.key, ask);
            finding.message = fmt::format("{} of {} is open", ask, part.planned.spec.account);
            error = error.with_at(std::move(finding));
        }
    return error.with("approval", view.approval.id);
}

// Refused before anything is asked: no answer could mend it.
std::optional<Error> lapse_of(Context& context, ConsentView const& view) {
    std::optional<Error> error;
    for (auto const& part : view.parts)
        for (auto const& finding : part.lapsed) {
            if (!error)
                error = make_error("approval.lapsed", finding.message)
                            .with("approval", view.approval.id)
                            .with("account", part.planned.spec.account)
                            .with_side_effects(SideEffects::none);
            error = error->with_at(finding);
        }
    if (error) context.suggestions = ways_out_of_lapse(view);
    return error;
}

Result<core::Approval> grant(Context& context,
                             std::string const& id,
                             core::Decision const& decision) {
    return write_store<core::Approval>(context, [&](core::Tables& tables) {
        return core::grant_approval(tables, id, decision, context.now(), context.random());
    });
}

// Questions come as the network lists its options, so that one that depends on another follows it.
std::vector<std::string> in_order_of(adapter::Descriptor const& descriptor,
                                     std::vector<std::string> asks) {
    auto const place = [&descriptor](std::string const& name) {
        auto const found = std::find_if(
            descriptor.options.begin(),
            descriptor.options.end(),
            [&name](adapter::OptionSpec const& option) { return option.name == name; });
        return found - descriptor.options.begin();
    };
    std::stable_sort(asks.begin(), asks.end(), [&](std::string const& a, std::string const& b) {
        return place(a) < place(b);
    });
    return asks;
}

// Facts are asked anew at each showing; what the network does not answer is shown as it was.
std::optional<adapter::CreatorFacts> facts_for(Context& context, core::Account const& account) {
    auto facts = context.look_at_creator(account.id);
    if (facts) return *facts;
    if (account.facts.empty()) return std::nullopt;
    return adapter::creator_facts_from_json(account.facts);
}

}  // namespace

Result<ConsentView> consent_view(Context& context, std::string const& approval_id) {
    ConsentView view;
    std::map<std::string, core::Account> accounts;
    auto read = read_store<bool>(context, [&](core::Tables& tables) -> Result<bool> {
        auto approval = approval_named(tables, approval_id);
        if (!approval) return approval.error();
        view.approval = *approval;
        auto stored = plan_named(tables, approval->plan_id);
        if (!stored) return stored.error();
        auto const plan = core::plan_from_json(stored->body);
        view.file = plan.file;
        auto const* jobs = approval->body.if_contains("jobs");
        for (auto const& planned : plan.jobs) {
            if (!jobs || !jobs->is_object() || !jobs->get_object().contains(planned.spec.key))
                continue;
            ConsentPart part;
            part.planned = planned;
            view.parts.push_back(std::move(part));
            auto account = tables.account(planned.spec.account);
            if (!account) return account.error();
            if (*account) accounts[planned.spec.account] = **account;
        }
        return true;
    });
    if (!read) return read.error();
    std::map<std::string, std::optional<adapter::CreatorFacts>> known;
    for (auto& part : view.parts) {
        auto adapter = context.adapter(part.planned.spec.network);
        if (!adapter) return adapter.error();
        part.descriptor = &(*adapter)->descriptor();
        part.words = core::consent_words(*part.descriptor, part.planned.spec);
        part.planned.asks = in_order_of(*part.descriptor, std::move(part.planned.asks));
        auto const& name = part.planned.spec.account;
        bool const decided = view.approval.state != "pending";
        if (!decided && accounts.contains(name) && !known.contains(name))
            known[name] = facts_for(context, accounts[name]);
        if (known.contains(name)) part.facts = known[name];
        if (part.facts) part.lapsed = core::lapsed_values(part.planned.spec, *part.facts);
    }
    return view;
}

std::vector<Next> ways_out_of_lapse(ConsentView const& view) {
    std::vector<Next> ways;
    std::set<std::string> accounts;
    for (auto const& part : view.parts) {
        auto const& account = part.planned.spec.account;
        if (part.lapsed.empty() || !accounts.insert(account).second) continue;
        ways.push_back(
            {"See what the account may choose now", "nothing", {"account", "check", account}});
    }
    if (ways.empty()) return ways;
    if (!view.file.empty())
        ways.push_back({"Write another value into the script, then plan again",
                        "input",
                        {"campaign", "plan", view.file}});
    ways.push_back({view.file.empty() ? "Decline; then publish it anew with another value and key"
                                      : "Or decline, which cancels what it covers",
                    "person",
                    {"approval", "decline", view.approval.id}});
    return ways;
}

std::string consent_text(ConsentView const& view, Paint const& paint) {
    auto text = fmt::format("{}  {}\nplan {}  {}\n",
                            paint.bold(view.approval.id),
                            view.approval.state,
                            view.approval.plan_id,
                            view.approval.plan_hash);
    for (auto const& part : view.parts) text += "\n" + shown_part(part, paint);
    return text;
}

Result<std::vector<core::Approval>> grant_on_terminal(Context& context,
                                                      std::vector<std::string> const& approval_ids,
                                                      std::string const& person) {
    if (!context.may_prompt()) return make_error("usage.not_terminal");
    auto const& host = context.host();
    ChoiceAsker asker(context);
    TimeAsker time_asker(context);
    std::vector<std::pair<std::string, core::Decision>> decisions;
    for (auto const& id : approval_ids) {
        auto view = consent_view(context, id);
        if (!view) return view.error();
        *host.err << consent_text(*view, context.printer_paint()) << std::flush;
        if (auto lapse = lapse_of(context, *view)) return *lapse;
        auto decision = decision_for(*view, person, "terminal");
        for (auto& part : view->parts) {
            json::object answers;
            if (needs_new_time(part, context.now())) {
                auto const when = time_asker.ask(part.planned.spec);
                if (!when) return time_passed(*view, context.now());
                answers["when"] = *when;
            }
            if (part.planned.asks.empty() && answers.empty()) continue;
            for (auto const& ask : part.planned.asks) {
                auto answer = asker.ask(part, ask);
                if (!answer) return open_choice(*view);
                part.planned.spec.post.options[ask] = *answer;
                answers[ask] = *std::move(answer);
            }
            // The declarations follow from the choices, so they are shown once these are made.
            for (auto const& word : core::consent_words(*part.descriptor, part.planned.spec))
                if (std::find(decision.words.begin(), decision.words.end(), word) ==
                    decision.words.end()) {
                    *host.err << "  " << escape_controls(word.as_object().at("text").as_string())
                              << "\n";
                    decision.words.push_back(word);
                }
            decision.answers[part.planned.spec.key] = std::move(answers);
        }
        decisions.emplace_back(id, std::move(decision));
    }
    auto name = person;
    if (name.empty()) name = ask_line(host, "\nYour name, as person list prints it: ").value_or("");
    if (name.empty()) return make_error("usage.missing_input", "--person is needed: who approves?");
    auto passphrase =
        ask_secret(host, fmt::format("Passphrase of {} (approves all of the above): ", name));
    auto proven = proven_person(context, name, passphrase.value_or(""));
    if (!proven) return proven.error();
    std::vector<core::Approval> granted;
    for (auto& [id, decision] : decisions) {
        decision.person = name;
        auto approval = grant(context, id, decision);
        if (!approval) return approval.error();
        granted.push_back(*std::move(approval));
    }
    return granted;
}

Result<std::vector<core::Approval>> grant_by_passphrase(
    Context& context,
    std::vector<std::string> const& approval_ids,
    std::string const& person,
    std::string const& note) {
    std::vector<std::pair<std::string, core::Decision>> decisions;
    for (auto const& id : approval_ids) {
        auto view = consent_view(context, id);
        if (!view) return view.error();
        if (auto lapse = lapse_of(context, *view)) return *lapse;
        bool const open =
            std::any_of(view->parts.begin(), view->parts.end(), [](ConsentPart const& part) {
                return !part.planned.asks.empty();
            });
        if (open) return open_choice(*view);
        auto const now = context.now();
        if (std::any_of(view->parts.begin(), view->parts.end(), [now](ConsentPart const& part) {
                return needs_new_time(part, now);
            }))
            return time_passed(*view, now);
        auto decision = decision_for(*view, person, "passphrase");
        decision.note = note;
        decisions.emplace_back(id, std::move(decision));
    }
    std::vector<core::Approval> granted;
    for (auto const& [id, decision] : decisions) {
        auto approval = grant(context, id, decision);
        if (!approval) return approval.error();
        granted.push_back(*std::move(approval));
    }
    return granted;
}

}  // namespace postrider::cli
