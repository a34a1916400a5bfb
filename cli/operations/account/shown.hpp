// An account as answers show it: with the name of its app and the age of its tokens.
#pragma once

#include <postrider/core/store.hpp>

#include <boost/json/object.hpp>

namespace postrider::cli {

/// A circuit that is not closed: while it is open nothing passes before `until`.
boost::json::object circuit_object(core::CircuitState const& circuit);

Result<boost::json::object> shown_account(core::Tables& tables, core::Account const& account);

}  // namespace postrider::cli
