// The engine inside a command: its event loop, its transport, its name among the owners of leases.
#pragma once

#include "operations/context.hpp"

#include <postrider/core/transport.hpp>

#include <boost/json/array.hpp>

#include <filesystem>
#include <memory>
#include <string>

namespace postrider::cli {

class EngineRunner {
 public:
    explicit EngineRunner(Context& context);
    ~EngineRunner();
    EngineRunner(EngineRunner const&) = delete;
    EngineRunner& operator=(EngineRunner const&) = delete;

    Result<adapter::CreatorFacts> look_at_creator(std::string const& account_id);
    Result<core::TransportReply> send(core::OutgoingRequest request);
    Result<core::Job> reconcile_now(std::string const& job_id);
    /// False: a signal ended it.
    Result<bool> run(EngineWish wish);

    /// What a dry run kept back, as it may be shown.
    [[nodiscard]] boost::json::array refused_requests() const;

    /// True when a live process has the engine of this store running.
    static bool runs_elsewhere(std::filesystem::path const& store);

 private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace postrider::cli
