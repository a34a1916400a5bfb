// What a server that plays a network says beside its API, under /_emulator: its ledger, the rules
// that it saw broken, its clock; and the login that it printed when it started.
#pragma once

#include <postrider/conformance/suite.hpp>
#include <postrider/core/curl_transport.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace postrider::conformance {

/// Questions that are no part of a case. They block, on a loop of their own.
class Control {
 public:
    explicit Control(std::string base);

    /// Nothing unless it answers with 200 and a JSON object.
    std::optional<boost::json::object> ask(std::string method,
                                           std::string const& path,
                                           std::string body);
    /// Why nothing at all answers there; empty when something does.
    std::string why_silent();
    Result<std::vector<PublicPost>> ledger();
    std::vector<std::string> violations();

 private:
    core::TransportReply send(core::OutgoingRequest request);

    std::string base_;
    boost::asio::io_context loop_{1};
    std::unique_ptr<core::CurlTransport> curl_;
};

/// The first of these members that is there, as text; empty when none is.
std::string text(boost::json::object const& object, std::initializer_list<std::string_view> names);
boost::json::object object_member(boost::json::object const& object, std::string_view name);
boost::json::array list_member(boost::json::object const& object, std::string_view name);

/// From `connect`, as an emulator prints it: its app and its first account.
Result<Login> login_of(boost::json::object const& connect);

/// Something that a stand-in for a network has to have, and has not.
Error lacks(std::string what);

}  // namespace postrider::conformance
