// Everything that goes wrong with machines and people, at the moments that the script says or that
// are drawn as it goes.
#include "failing_memory.hpp"
#include "simulation.hpp"

#include <algorithm>

namespace postrider::simulate {

using namespace std::chrono_literals;

void Simulation::restart_later(std::size_t index, Milliseconds least) {
    // Most are watched by something that starts them again at once; some lie for a while.
    auto const delay =
        machine_.chance.below(5) == 0 ? machine_.draw_interval(20min) : machine_.draw_interval(5s);
    // Now and then the next to open it finds a store that nobody has open, and recovers its log.
    if (!anybody_runs() && machine_.chance.below(4) == 0) reopen_truth();
    machine_.after(std::max(delay, least), [this, index] {
        if (processes_[index]->running()) return;
        if (machine_.time.elapsed < off_until_) {
            restart_later(index, off_until_ - machine_.time.elapsed);
            return;
        }
        processes_[index]->start();
        if (!processes_[index]->running()) restart_later(index, 5s);
    });
}

void Simulation::plan_kill(std::size_t index) {
    machine_.after(machine_.draw_interval(machine_.script.mean_kill), [this, index] {
        if (machine_.faults_over) return;
        auto& process = *processes_[index];
        if (process.running()) {
            if (machine_.script.kills_in_writes && machine_.chance.below(3) == 0) {
                machine_.disk.die_after(static_cast<int>(index),
                                        static_cast<int>(machine_.chance.below(20)));
            } else {
                machine_.reached("killed");
                process.kill();
                restart_later(index, 0ms);
            }
        }
        plan_kill(index);
    });
}

void Simulation::plan_pause(std::size_t index) {
    machine_.after(machine_.draw_interval(machine_.script.mean_pause), [this, index] {
        if (machine_.faults_over) return;
        // Now, or when somebody's new pair of tokens is under way.
        if (machine_.chance.below(4) == 0)
            machine_.at_next_refresh = [this](std::string const& name) {
                for (auto const& process : processes_)
                    if (process->running() && process->name() == name) stop_for_a_while(*process);
                machine_.reached("paused_in_refresh");
            };
        else if (processes_[index]->running())
            stop_for_a_while(*processes_[index]);
        plan_pause(index);
    });
}

void Simulation::stop_for_a_while(Process& process) {
    auto const length = machine_.draw_interval(2min);
    machine_.reached(length > 30s ? "paused_longer_than_a_lease" : "paused");
    machine_.note(process.name(), "paused", length.count());
    process.pause(length);
}

// At rest everything is on disk; right after a write all of it has to be; in the middle of one, a
// part.
void Simulation::plan_cut() {
    if (machine_.faults_over) return;
    auto const way = machine_.chance.below(8);
    if (way == 0 || !anybody_runs()) {
        cut_power();
        return;
    }
    machine_.cut_after_write = way < 3;
    machine_.cut_in_write = way >= 3;
    if (machine_.cut_in_write)
        for (std::size_t i = 0; i < processes_.size(); ++i)
            machine_.disk.die_after(static_cast<int>(i),
                                    static_cast<int>(machine_.chance.below(8)));
    // Where nobody writes it goes all the same.
    machine_.after(20min, [this] {
        if (machine_.cut_after_write || machine_.cut_in_write) cut_power();
    });
}

void Simulation::switch_off(Milliseconds until) {
    machine_.reached("switched_off");
    machine_.note("machine", "off", until.count());
    off_until_ = until;
    for (std::size_t i = 0; i < processes_.size(); ++i) {
        if (!processes_[i]->running()) continue;
        processes_[i]->kill();
        restart_later(i, until - machine_.time.elapsed);
    }
}

void Simulation::cut_power() {
    if (machine_.faults_over) return;
    machine_.cut_after_write = machine_.cut_in_write = false;
    machine_.reached("power_cut");
    machine_.note("machine", "power_cut");
    for (auto const& process : processes_) process->kill();
    people_.reset();
    machine_.truth->close();
    machine_.disk.lose_power(machine_.chance);
    machine_.truth->compare_all(true);
    for (std::size_t i = 0; i < processes_.size(); ++i) restart_later(i, 20s);
}

// The k-th piece of one kind of work fails, and with `lasting` all that follow within a minute.
DiskTrouble Simulation::loop_fault(DiskWork work) {
    auto const& fault = *machine_.script.loop;
    if (fault.kind == LoopFault::Kind::memory ||
        static_cast<int>(fault.kind) != static_cast<int>(work))
        return DiskTrouble::none;
    ++loop_pieces_;
    if (loop_pieces_ == fault.nth) {
        loop_began_ = machine_.time.elapsed;
        machine_.reached("loop_reached");
        return DiskTrouble::error;
    }
    bool const still =
        fault.lasting && loop_pieces_ > fault.nth && machine_.time.elapsed < loop_began_ + 1min;
    return still ? DiskTrouble::error : DiskTrouble::none;
}

void Simulation::plan_trouble() {
    auto const& script = machine_.script;
    if (script.mean_kill > 0ms)
        for (std::size_t i = 0; i < processes_.size(); ++i) plan_kill(i);
    if (script.mean_pause > 0ms)
        for (std::size_t i = 0; i < processes_.size(); ++i) plan_pause(i);
    for (auto const at : script.power_cuts) machine_.after(at, [this] { plan_cut(); });
    for (auto const& off : script.downtimes)
        machine_.after(off.from, [this, until = off.to] { switch_off(until); });
    for (auto const& jump : script.clock_jumps)
        machine_.after(jump.from, [this, by = jump.to] {
            machine_.reached(by > 0ms ? "clock_forward" : "clock_back");
            machine_.note("machine", "clock", by.count());
            machine_.time.wall_offset += by;
            machine_.clock_was_wrong = true;
        });
    for (auto const& ban : script.bans) {
        machine_.after(ban.from, [this, account = ban.kind] {
            machine_.reached("account_banned");
            machine_.note("network", "ban", account);
            machine_.network->ban(account, true);
        });
        machine_.after(ban.to, [this, account = ban.kind] {
            machine_.note("network", "unban", account);
            machine_.network->ban(account, false);
        });
    }
    if (!script.outages.empty()) machine_.reached("outage");
    machine_.disk.trouble = [this](DiskWork work, int process) {
        bool const spared = process >= 1'000 && !machine_.people_meet_trouble;
        if (machine_.faults_over || spared) return DiskTrouble::none;
        if (machine_.script.loop) return loop_fault(work);
        if (work == DiskWork::write && machine_.open_window(machine_.script.disk_full) >= 0) {
            machine_.reached("disk_full");
            return DiskTrouble::full;
        }
        auto const rate = machine_.script.disk_error_rate;
        if (rate <= 0 || machine_.chance.unit() >= rate) return DiskTrouble::none;
        constexpr std::string_view names[] = {"disk_error_read",
                                              "disk_error_write",
                                              "disk_error_sync",
                                              "disk_error_truncate",
                                              "disk_error_lock"};
        machine_.reached(names[static_cast<std::size_t>(work)]);
        return DiskTrouble::error;
    };
}

void Simulation::end_trouble() {
    machine_.faults_over = true;
    machine_.cut_after_write = machine_.cut_in_write = false;
    machine_.at_next_request = machine_.at_next_commit = nullptr;
    machine_.at_next_refresh = nullptr;
    off_until_ = 0ms;
    if (machine_.script.loop) FailingMemory::arm(0, false);
    machine_.disk.trouble = nullptr;
    machine_.note("machine", "peace");
    // A clock is set right in the end; what was cooling until some hour to come need not wait.
    machine_.time.wall_offset = 0ms;
    for (auto const& ban : machine_.script.bans) machine_.network->ban(ban.kind, false);
    if (machine_.script.mean_deed > 0ms)
        for (int account = 0; account < machine_.script.accounts; ++account)
            machine_.network->narrow(account, false);
    for (std::size_t i = 0; i < processes_.size(); ++i) {
        processes_[i]->pause(0ms);
        if (!processes_[i]->running()) restart_later(i, 0ms);
    }
}

}  // namespace postrider::simulate
