// Does what hooks have raised: at least once, each by itself, never touching the job.
#pragma once

#include <postrider/core/engine.hpp>
#include <postrider/core/hooks.hpp>

#include <boost/asio/awaitable.hpp>

namespace postrider::core {

class HookRunner {
 public:
    explicit HookRunner(EngineParts& parts) : parts_(parts) {}

    /// Everything that is due now. Fails only when the store does.
    boost::asio::awaitable<Result<void>> run_due();

 private:
    // Mine, or nothing when another process was quicker.
    boost::asio::awaitable<Result<std::optional<HookRun>>> claim(std::string id);
    boost::asio::awaitable<Result<void>> carry_out(HookRun run);
    Result<void> notify(HookRun const& run, Job const& job);

    EngineParts& parts_;
};

}  // namespace postrider::core
