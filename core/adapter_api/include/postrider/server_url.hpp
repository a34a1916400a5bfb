// Addresses of servers, as options and people write them.
#pragma once

#include <string_view>

namespace postrider {

/// http:// or https://, a host, perhaps a port and a path; nothing after that.
bool is_server_url(std::string_view text);

/// The host of such an address, in brackets where it is an IPv6 address; empty when it is none.
std::string_view host_of_url(std::string_view text);

/// True when the host is this machine by its very name: localhost, 127.0.0.0/8 or [::1].
bool is_loopback_url(std::string_view text);

}  // namespace postrider
