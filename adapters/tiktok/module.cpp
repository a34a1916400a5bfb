// The loadable form of the adapter.
#include "tiktok.hpp"

#include <postrider/adapter/module.hpp>

POSTRIDER_EXPORT_ADAPTER("tiktok", "0.1.0", &postrider::tiktok::tiktok_adapter)
