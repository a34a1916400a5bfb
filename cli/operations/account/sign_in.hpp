// Signing a creator in through a browser: the network's own page, and back.
#pragma once

#include "operations/context.hpp"

#include <postrider/adapter/descriptor.hpp>
#include <postrider/core/records.hpp>

#include <boost/json/object.hpp>

namespace postrider::cli {

/// Shows the address of the network's page, opens it in a browser where a person sits at a
/// terminal, waits for the answer, and changes the code for tokens. Gives the network's token
/// answer.
///
/// Errors: `app.misconfigured` without a redirect, `account.sign_in_refused`,
/// `app.bad_credentials`, `network.unreachable`, `wait.timeout`, `setup.port_taken`,
/// `usage.missing_input`.
Result<boost::json::object> sign_in(Context& context,
                                    adapter::Descriptor const& descriptor,
                                    core::App const& app,
                                    bool may_open_browser);

}  // namespace postrider::cli
