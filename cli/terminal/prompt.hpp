// Questions to a person. Asked on stderr, answered on stdin; only where both are terminals.
#pragma once

#include "operations/host.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace postrider::cli {

/// One line, without its end. Empty when the input has ended.
std::optional<std::string> ask_line(Host const& host, std::string_view question);

/// The same without echo.
std::optional<std::string> ask_secret(Host const& host, std::string_view question);

/// `yes` in full counts as yes; anything else, and the end of input, is no.
bool ask_yes(Host const& host, std::string_view question);

/// Switches echo on again, for an interrupted ask_secret().
void restore_echo();

}  // namespace postrider::cli
