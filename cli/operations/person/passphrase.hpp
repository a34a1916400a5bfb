// Passphrases of persons: hashed slowly, compared safely.
#pragma once

#include "operations/context.hpp"

#include <postrider/core/records.hpp>
#include <postrider/result.hpp>

#include <string>

namespace postrider::cli {

inline constexpr std::size_t passphrase_length_min = 8;

/// Text that verify_passphrase() understands. Errors: `usage.bad_value` when it is too short.
Result<std::string> hash_passphrase(std::string const& passphrase);

bool verify_passphrase(std::string const& hash, std::string const& passphrase);

/// The person, if the passphrase is theirs and their role may approve. Errors: `not_found.person`,
/// `person.passphrase_wrong`, `approval.not_a_person`.
Result<core::Person> proven_person(Context& context, std::string const& name, std::string const& passphrase);

}  // namespace postrider::cli
