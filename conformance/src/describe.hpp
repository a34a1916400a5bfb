// An action as text: to compare two of them, and to show one to people.
#pragma once

#include <postrider/adapter/action.hpp>

#include <string>

namespace postrider::conformance {

/// Everything that is in it. Equal texts mean equal actions.
std::string describe(adapter::Action const& action);
std::string describe(adapter::FactsAction const& action);

}  // namespace postrider::conformance
