// Argon2id through libsodium, at its interactive setting.
#include "operations/person/passphrase.hpp"

#include "operations/lookup.hpp"

#include <postrider/catalogue.hpp>

#include <fmt/format.h>

#include <sodium.h>

namespace postrider::cli {

Result<std::string> hash_passphrase(std::string const& passphrase) {
    if (passphrase.size() < passphrase_length_min)
        return make_error("usage.bad_value",
                          fmt::format("a passphrase has at least {} characters", passphrase_length_min));
    if (sodium_init() < 0) return make_error("internal.bug", "libsodium cannot be started");
    std::string hash(crypto_pwhash_STRBYTES, '\0');
    auto const failed = crypto_pwhash_str(hash.data(),
                                          passphrase.data(),
                                          passphrase.size(),
                                          crypto_pwhash_OPSLIMIT_INTERACTIVE,
                                          crypto_pwhash_MEMLIMIT_INTERACTIVE);
    if (failed != 0) return make_error("internal.bug", "there is not enough memory to hash a passphrase");
    hash.resize(hash.find('\0'));
    return hash;
}

bool verify_passphrase(std::string const& hash, std::string const& passphrase) {
    if (sodium_init() < 0) return false;
    return crypto_pwhash_str_verify(hash.c_str(), passphrase.data(), passphrase.size()) == 0;
}

Result<core::Person> proven_person(Context& context, std::string const& name, std::string const& passphrase) {
    auto person = read_store<core::Person>(
        context, [&](core::Tables& tables) { return person_named(tables, name); });
    if (!person) return person.error();
    if (!verify_passphrase(person->passphrase_hash, passphrase))
        return make_error("person.passphrase_wrong", fmt::format("this is not the passphrase of {}", name))
            .with("person", name);
    if (person->role != "approver" && person->role != "admin")
        return make_error("approval.not_a_person", fmt::format("{} has the role {} and cannot approve", name, person->role))
            .with("person", name);
    return *person;
}

}  // namespace postrider::cli
