// The sandbox adapter: the smallest one that is right, and the one to copy from.
#pragma once

#include <postrider/adapter/adapter.hpp>

namespace postrider::sandbox {

/// The one adapter of this program or module.
adapter::Adapter const* sandbox_adapter();

}  // namespace postrider::sandbox
