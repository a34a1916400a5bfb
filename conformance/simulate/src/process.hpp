// One simulated process of the engine: its turns, its clock, its connection to the store. It can be
// killed at any moment, and stopped for a while.
#pragma once

#include "eye.hpp"
#include "machine.hpp"
#include "wire.hpp"

#include <postrider/core/adapters.hpp>
#include <postrider/core/engine.hpp>
#include <postrider/core/sqlite_store.hpp>

#include <memory>
#include <optional>
#include <string>

namespace postrider::simulate {

/// A store that tells the truth what was written.
class WatchedStore final : public core::Store {
 public:
    WatchedStore(Machine& machine,
                 int process,
                 std::string name,
                 std::unique_ptr<core::Store> inner)
        : machine_(machine), process_(process), name_(std::move(name)), inner_(std::move(inner)) {}

    void submit(Work work, Done done) override;
    Result<void> read(Work const& work) override;

 private:
    Machine& machine_;
    int process_;
    std::string name_;  ///< empty for a person
    std::unique_ptr<core::Store> inner_;
};

/// Opens the machine's store as the process that has this number.
Result<std::unique_ptr<WatchedStore>> open_watched(Machine& machine,
                                                   int process,
                                                   std::string const& name);

class Process {
 public:
    Process(Machine& machine, int number) : machine_(machine), number_(number) {}
    ~Process() { end(); }
    Process(Process const&) = delete;
    Process& operator=(Process const&) = delete;

    void start();
    /// As SIGKILL does it: what has left is under way, nothing else remains.
    void kill();
    void pause(Milliseconds duration);

    [[nodiscard]] bool running() const { return engine_ != nullptr; }
    [[nodiscard]] std::string const& name() const { return name_; }
    /// It has something to do now.
    [[nodiscard]] bool ready();
    [[nodiscard]] std::optional<Milliseconds> next_timer() const;
    void run_one();

 private:
    void end();
    Result<void> note_notice(std::string const& line);

    Machine& machine_;
    int number_;
    int starts_ = 0;
    std::string name_;
    std::optional<Milliseconds> paused_until_;

    std::unique_ptr<core::SeededRandom> random_;
    std::unique_ptr<Scheduler> turns_;
    std::unique_ptr<SimulatedClock> clock_;
    std::unique_ptr<Eye> eye_;
    std::unique_ptr<core::Adapters> adapters_;
    std::unique_ptr<Wire> wire_;
    std::unique_ptr<WatchedStore> store_;
    std::unique_ptr<core::Engine> engine_;
    std::shared_ptr<std::optional<Result<void>>> ended_;
};

}  // namespace postrider::simulate
