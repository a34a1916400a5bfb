// Lookups in the store, with errors that name what is there.
#include "operations/lookup.hpp"

#include <postrider/catalogue.hpp>
#include <postrider/core/ids.hpp>
#include <postrider/suggest.hpp>

#include <boost/json/array.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace postrider::cli {

namespace {

// surfaces.md 0.7: such characters are never part of an id, whoever invented it.
bool is_strict_name(std::string_view text) {
    return !text.empty() && std::none_of(text.begin(), text.end(), [](unsigned char c) {
        return c < 0x20 || c == 0x7f || c == '?' || c == '#' || c == '%';
    });
}

Error missing(std::string_view code,
              std::string_view what,
              std::string const& name,
              std::vector<std::string> const& known) {
    if (!is_strict_name(name))
        return make_error("usage.bad_value", fmt::format("this is no name of {}", what));
    auto message = fmt::format("there is no {} '{}'", what, name);
    if (auto const near = nearest_name(name, known); !near.empty())
        message += fmt::format("; did you mean '{}'?", near);
    return make_error(code, message).with(std::string(what), name);
}

// What is kept under an id of ours; ids are long, so nothing is suggested.
template <class T, class Find>
Result<T> by_id(std::string const& id,
                std::string_view prefix,
                std::string_view code,
                std::string_view what,
                Find find) {
    if (!core::is_id(id, prefix)) {
        if (!is_strict_name(id)) return missing(code, what, id, {});
        return make_error(
                   code,
                   fmt::format(
                       "there is no {} '{}'; ids look like {}_ and 26 letters", what, id, prefix))
            .with(std::string(what), id);
    }
    auto found = find();
    if (!found) return found.error();
    if (!*found) return missing(code, what, id, {});
    return **found;
}

}  // namespace

Result<core::Account> account_named(core::Tables& tables, std::string const& name) {
    if (is_strict_name(name)) {
        auto found = tables.account(name);
        if (!found) return found.error();
        if (*found) return **found;
    }
    auto accounts = tables.accounts();
    if (!accounts) return accounts.error();
    std::vector<std::string> known;
    for (auto const& account : *accounts) known.push_back(account.name);
    return missing("not_found.account", "account", name, known);
}

Result<core::App> app_named(core::Tables& tables,
                            std::string const& name,
                            std::string_view network) {
    auto apps = tables.apps(network);
    if (!apps) return apps.error();
    std::vector<core::App> found;
    std::vector<std::string> known;
    for (auto const& app : *apps) {
        known.push_back(app.name);
        if (app.id == name || app.name == name || app.network + "/" + app.name == name)
            found.push_back(app);
    }
    if (found.size() == 1) return found.front();
    if (found.empty()) return missing("not_found.app", "app", name, known);
    return make_error(
        "usage.bad_value",
        fmt::format("more than one network has an app '{}'; write NETWORK/{}", name, name));
}

Result<core::Job> job_named(core::Tables& tables, std::string const& id) {
    return by_id<core::Job>(id, "job", "not_found.job", "job", [&] { return tables.job(id); });
}

Result<core::StoredPlan> plan_named(core::Tables& tables, std::string const& id) {
    return by_id<core::StoredPlan>(
        id, "pln", "not_found.plan", "plan", [&] { return tables.plan(id); });
}

Result<core::Approval> approval_named(core::Tables& tables, std::string const& id) {
    return by_id<core::Approval>(
        id, "apr", "not_found.approval", "approval", [&] { return tables.approval(id); });
}

Result<core::Person> person_named(core::Tables& tables, std::string const& name) {
    auto found = tables.person(name);
    if (!found) return found.error();
    if (*found) return **found;
    auto persons = tables.persons();
    if (!persons) return persons.error();
    std::vector<std::string> known;
    for (auto const& person : *persons) known.push_back(person.name);
    return missing("not_found.person", "person", name, known);
}

Result<std::vector<core::Job>> all_jobs(core::Tables& tables, core::JobFilter filter) {
    filter.limit = 0;
    return tables.jobs(filter);
}

Error bad_cursor(std::string const& cursor) {
    Finding finding;
    finding.code = "usage.bad_value";
    finding.path = "/cursor";
    finding.message = fmt::format(
        "--cursor: '{}' is no meta.next_cursor of this list; without one it begins at the top",
        cursor);
    finding.got = boost::json::string(cursor);
    return make_error("usage.bad_value", finding.message).with_at(finding);
}

boost::json::object finding_object(Finding const& finding) {
    boost::json::object object;
    object["level"] = finding.level == Finding::Level::error ? "error" : "warning";
    for (auto const& member : to_json(finding))
        if (member.key() != "level") object[member.key()] = member.value();
    return object;
}

Answer list_answer(Context& context,
                   boost::json::array items,
                   std::optional<std::string> next_cursor) {
    Answer answer;
    if (context.globals().all && context.streams()) {
        for (auto& item : items) {
            boost::json::object line;
            line["item"] = std::move(item);
            context.emit(std::move(line), {});
        }
        answer.data["streamed"] = items.size();
        items.clear();
    }
    answer.data["items"] = std::move(items);
    answer.next_cursor = std::move(next_cursor);
    return answer;
}

}  // namespace postrider::cli
