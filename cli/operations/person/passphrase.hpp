// Passphrases of persons: how long they must be, and whose they are.
#pragma once

#include "operations/context.hpp"

#include <postrider/core/records.hpp>
#include <postrider/result.hpp>

#include <string>

namespace postrider::cli {

inline constexpr std::size_t passphrase_length_min = 8;

/// The hash to keep. Errors: `usage.bad_value` when the passphrase is too short.
Result<std::string> new_passphrase_hash(std::string const& passphrase);

/// The person, if the passphrase is theirs and their role may approve. Errors: `not_found.person`,
/// `person.passphrase_wrong`, `approval.not_a_person`.
Result<core::Person> proven_person(Context& context,
                                   std::string const& name,
                                   std::string const& passphrase);

}  // namespace postrider::cli
