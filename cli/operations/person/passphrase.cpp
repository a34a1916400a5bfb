// The rules around passphrases; hashing itself is core's.
#include "operations/person/passphrase.hpp"

#include "operations/lookup.hpp"

#include <postrider/catalogue.hpp>
#include <postrider/core/vault.hpp>

#include <fmt/format.h>

namespace postrider::cli {

Result<std::string> new_passphrase_hash(std::string const& passphrase) {
    if (passphrase.size() < passphrase_length_min)
        return make_error(
            "usage.bad_value",
            fmt::format("a passphrase has at least {} characters", passphrase_length_min));
    return core::hash_passphrase(Secret(passphrase));
}

Result<core::Person> proven_person(Context& context,
                                   std::string const& name,
                                   std::string const& passphrase) {
    auto person = read_store<core::Person>(
        context, [&](core::Tables& tables) { return person_named(tables, name); });
    if (!person) return person.error();
    if (!core::verify_passphrase(person->passphrase_hash, Secret(passphrase)))
        return make_error("person.passphrase_wrong",
                          fmt::format("this is not the passphrase of {}", name))
            .with("person", name);
    if (person->role != "approver" && person->role != "admin")
        return make_error("approval.not_a_person",
                          fmt::format("{} has the role {} and cannot approve", name, person->role))
            .with("person", name);
    return *person;
}

}  // namespace postrider::cli
