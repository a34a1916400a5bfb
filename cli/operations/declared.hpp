// Declares the constant of every operation; each is defined in the file of its noun.
#pragma once

#include "operations/operation.hpp"

namespace postrider::cli {

#define POSTRIDER_OPERATION(name) extern Operation const name;
#include "operations/declared.inc"
#undef POSTRIDER_OPERATION

}  // namespace postrider::cli
