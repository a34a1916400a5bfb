// The loadable form of the adapter.
#include "sandbox.hpp"

#include <postrider/adapter/module.hpp>

POSTRIDER_EXPORT_ADAPTER("sandbox", "0.1.0", &postrider::sandbox::sandbox_adapter)
