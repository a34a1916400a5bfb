// A server that runs already as a network for the kit: spoken to in real time, over HTTP, as any
// client would, and only there.
#pragma once

#include <postrider/conformance/suite.hpp>

#include <filesystem>
#include <string>

namespace postrider::conformance {

struct Attachment {
    std::string address;             ///< without a slash at its end
    boost::json::object connect;     ///< as an emulator prints it: an app and an account
    bool may_leave_machine = false;  ///< a person said so
};

/// The login for an address, from a file: what an emulator printed when it started, or its
/// `connect` alone. `usage.bad_value` when it is neither.
Result<boost::json::object> read_login(std::filesystem::path const& file);

/// Every address among the app's options becomes that of the attachment, whatever the file says.
Result<std::unique_ptr<World>> attach(Attachment const& attachment,
                                      adapter::Descriptor const& descriptor,
                                      Stage const& stage);

}  // namespace postrider::conformance
