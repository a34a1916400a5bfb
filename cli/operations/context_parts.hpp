// What a context has opened so far. Only for context.cpp and engine_runner.cpp.
#pragma once

#include "operations/context.hpp"

#include <postrider/core/adapters.hpp>
#include <postrider/core/clock.hpp>
#include <postrider/core/media_probe.hpp>
#include <postrider/core/random.hpp>
#include <postrider/core/sqlite_store.hpp>
#include <postrider/core/vault.hpp>

#include <memory>
#include <optional>

namespace postrider::cli {

class EngineRunner;

struct Context::Parts {
    Parts();
    ~Parts();

    std::optional<Settings> settings;
    std::unique_ptr<core::Store> store;
    std::optional<core::Vault> vault;
    std::unique_ptr<core::Adapters> adapters;
    std::unique_ptr<core::SystemClock> clock;
    std::unique_ptr<core::Random> random;
    std::unique_ptr<core::MediaProbe> probe;
    std::unique_ptr<EngineRunner> runner;  ///< last, so that it goes first
};

}  // namespace postrider::cli
