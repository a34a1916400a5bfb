// `postrider person`: who may sign in and approve.
#include "operations/declared.hpp"
#include "operations/lookup.hpp"
#include "operations/person/passphrase.hpp"

#include <postrider/catalogue.hpp>
#include <postrider/core/ids.hpp>

#include <boost/json/array.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace postrider::cli {

namespace {

namespace json = boost::json;

json::object person_object(core::Person const& person) {
    json::object object;
    object["name"] = person.name;
    object["role"] = person.role;
    object["created_at"] = to_rfc3339(person.created_at);
    return object;
}

Result<Answer> run_person_add(Context& context, Request const& request) {
    auto const name = request.text("name");
    auto passphrase =
        context.secret(request,
                       "passphrase_stdin",
                       fmt::format("Passphrase of {} (at least 8 characters): ", name));
    if (!passphrase) return passphrase.error();
    auto hash = new_passphrase_hash(*passphrase);
    if (!hash) return hash.error();
    core::Person person;
    person.name = name;
    person.role = request.text("role");
    person.passphrase_hash = *hash;
    person.created_at = context.now();
    auto written = write_store<bool>(context, [&](core::Tables& tables) -> Result<bool> {
        auto known = tables.person(name);
        if (!known) return known.error();
        if (*known)
            return make_error("conflict.name_taken",
                              fmt::format("there is a person '{}' already", name));
        if (auto put = tables.put_person(person); !put) return put.error();
        return true;
    });
    if (!written) return written.error();
    return Answer(person_object(person));
}

Result<Answer> run_person_list(Context& context, Request const&) {
    auto persons = read_store<std::vector<core::Person>>(
        context, [](core::Tables& tables) { return tables.persons(); });
    if (!persons) return persons.error();
    auto paged =
        page_of(*persons, context.globals(), [](core::Person const& one) { return one.name; });
    if (!paged) return paged.error();
    auto& [page, next] = *paged;
    json::array items;
    for (auto const& person : page) items.push_back(person_object(person));
    return list_answer(context, std::move(items), next);
}

Result<Answer> run_person_remove(Context& context, Request const& request) {
    auto removed =
        write_store<core::Person>(context, [&](core::Tables& tables) -> Result<core::Person> {
            auto person = person_named(tables, request.text("name"));
            if (!person) return person.error();
            auto persons = tables.persons();
            if (!persons) return persons.error();
            auto const admins =
                std::count_if(persons->begin(), persons->end(), [](core::Person const& one) {
                    return one.role == "admin";
                });
            if (person->role == "admin" && admins == 1)
                return make_error(
                    "conflict.wrong_state",
                    fmt::format("{} is the only admin; add another one first", person->name));
            if (auto gone = tables.remove_person(person->name); !gone) return gone.error();
            return *person;
        });
    if (!removed) return removed.error();
    return Answer(person_object(*removed));
}

constexpr InputSpec person_add_inputs[] = {
    {.name = "name",
     .help = "how this person is called here",
     .positional = true,
     .required = true},
    {.name = "role",
     .type = InputType::choice,
     .help = "what they may do",
     .values = "viewer|planner|approver|admin",
     .fallback = "approver"},
    {.name = "passphrase_stdin",
     .type = InputType::boolean,
     .help = "read the passphrase from the first line of standard input",
     .secret = true},
};
constexpr InputSpec name_inputs[] = {
    {.name = "name",
     .help = "a person, as person list prints them",
     .positional = true,
     .required = true},
};
constexpr std::string_view person_add_examples[] = {
    "person add ines --role approver --passphrase-stdin < passphrase.txt"};
constexpr std::string_view person_list_examples[] = {"person list"};
constexpr std::string_view person_remove_examples[] = {"person remove ines"};

}  // namespace

constinit Operation const person_add_operation{
    .name = "person.add",
    .sentence = "add someone who may sign in and approve",
    .inputs = person_add_inputs,
    .output = "@person",
    .errors = "conflict.name_taken usage.missing_input",
    .effect = OperationEffect::store,
    .examples = person_add_examples,
    .run = run_person_add,
};

constinit Operation const person_list_operation{
    .name = "person.list",
    .sentence = "who may sign in and approve",
    .output = "{items: [@person], streamed?: int}",
    .examples = person_list_examples,
    .view = "items: name role created_at",
    .lists = true,
    .run = run_person_list,
};

constinit Operation const person_remove_operation{
    .name = "person.remove",
    .sentence = "forget a person; what they approved stays recorded",
    .inputs = name_inputs,
    .output = "@person",
    .errors = "not_found.person conflict.wrong_state",
    .effect = OperationEffect::store,
    .examples = person_remove_examples,
    .run = run_person_remove,
};

}  // namespace postrider::cli
