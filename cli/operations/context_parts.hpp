// What a context has opened so far. Only for context.cpp and engine_runner.cpp.
#pragma once

#include "operations/context.hpp"

#include <postrider/core/adapters.hpp>
#include <postrider/core/clock.hpp>
#include <postrider/core/media_probe.hpp>
#include <postrider/core/random.hpp>
#include <postrider/core/sqlite_store.hpp>
#include <postrider/core/vault.hpp>

#include <filesystem>
#include <memory>
#include <optional>

namespace postrider::cli {

class EngineRunner;

/// A folder that goes with this object.
class ScratchFolder {
 public:
    explicit ScratchFolder(std::filesystem::path path) : path_(std::move(path)) {}
    ~ScratchFolder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    ScratchFolder(ScratchFolder const&) = delete;
    ScratchFolder& operator=(ScratchFolder const&) = delete;
    [[nodiscard]] std::filesystem::path const& path() const { return path_; }

 private:
    std::filesystem::path path_;
};

struct Context::Parts {
    Parts();
    ~Parts();

    std::optional<Settings> settings;
    std::unique_ptr<ScratchFolder> scratch;  ///< before the store that may lie in it
    std::unique_ptr<core::Store> store;
    std::optional<core::Vault> vault;
    std::unique_ptr<core::Adapters> adapters;
    std::unique_ptr<core::SystemClock> clock;
    std::optional<Instant> stands_at;  ///< time that no longer passes
    std::unique_ptr<core::Random> random;
    std::unique_ptr<core::MediaProbe> probe;
    std::unique_ptr<EngineRunner> runner;  ///< last, so that it goes first
};

}  // namespace postrider::cli
