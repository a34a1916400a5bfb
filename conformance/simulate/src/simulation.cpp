// The loop: whose turn it is, and how far time jumps.
#include "simulation.hpp"

#include <algorithm>
#include <ctime>

namespace postrider::simulate {

using namespace std::chrono_literals;

namespace {

constexpr auto patience = 100h;  // looking for an outcome ends after 72
constexpr int steps_at_once_max = 1'000'000;
constexpr std::int64_t requests_max = 2'000'000;
constexpr auto person_looks_after = 6h;  // all that the network may have taken is seen by then
constexpr int people_number = 1'000;
constexpr int hours_until_told = 3;

double cpu_now() {
    timespec now{};
    ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

}  // namespace

Simulation::Simulation(NetworkKind const& kind,
                       Script script,
                       SeedOptions const& options,
                       SeedReport& report)
    : machine_(kind, std::move(script), options, report), ids_(machine_.script.seed ^ 0x1D5ULL) {
    Truth::Parts parts;
    parts.is_dead = [this](std::string const& owner) { return machine_.dead.contains(owner); };
    parts.before_open = [this] { machine_.disk.act_for(people_number); };
    parts.now_ms = [this] { return machine_.time.elapsed.count(); };
    parts.wrong = [this](Wrong what, int job, std::string sentence) {
        machine_.wrong(what, job, std::move(sentence));
    };
    parts.note = [this](std::string_view event, int job, std::int64_t a, std::int64_t b) {
        machine_.note("store", event, job, a, b);
        machine_.reached(event);
        auto const& before = machine_.truth->jobs[static_cast<std::size_t>(job)].row;
        if (event == "awaiting_approval" && before.state == core::JobState::running)
            machine_.reached("asked_in_the_middle");
        if (event == "running")
            machine_.wishes[static_cast<std::size_t>(job)].claimed = machine_.time.elapsed;
    };
    machine_.truth =
        std::make_unique<Truth>(machine_.path, machine_.script.jobs.size(), std::move(parts));
    for (int i = 0; i < machine_.script.processes; ++i)
        processes_.push_back(std::make_unique<Process>(machine_, i));
}

Simulation::~Simulation() {
    machine_.events.drop_all();
    processes_.clear();
    people_.reset();
    machine_.truth.reset();
}

bool Simulation::open_people() {
    if (people_) return true;
    auto opened = open_watched(machine_, people_number, {});
    if (!opened) return false;
    people_ = *std::move(opened);
    return true;
}

bool Simulation::anybody_runs() const {
    return std::any_of(processes_.begin(), processes_.end(), [](auto const& process) {
        return process->running();
    });
}

void Simulation::reopen_truth() {
    people_.reset();
    machine_.truth->close();
    machine_.truth->compare_all(false);
}

bool Simulation::step() {
    machine_.events.wake(machine_.time.elapsed);
    std::vector<Process*> able;
    for (auto const& process : processes_)
        if (process->ready()) able.push_back(process.get());
    auto const machine_able = machine_.events.ready() ? 1U : 0U;
    if (able.size() + machine_able == 0) return false;
    auto const chosen = machine_.chance.below(able.size() + machine_able);
    if (chosen == able.size()) {
        machine_.events.run_one();
        return true;
    }
    auto& process = *able[chosen];
    process.run_one();
    if (std::exchange(machine_.cut_now, false)) {
        cut_power();
        return true;
    }
    if (!process.running())
        for (std::size_t i = 0; i < processes_.size(); ++i)
            if (processes_[i].get() == &process) restart_later(i, 1s);
    return true;
}

void Simulation::step_until(Milliseconds end, bool until_settled) {
    for (;;) {
        for (int steps = 0; step(); ++steps)
            if (steps > steps_at_once_max) {
                machine_.wrong(
                    Wrong::lost, -1, "time stands still: something goes round in a ring");
                return;
            }
        if (machine_.report.requests > requests_max) {
            machine_.wrong(Wrong::lost, -1, "requests without end");
            return;
        }
        if (until_settled && machine_.truth->unsettled() == 0) return;
        auto next = machine_.events.next_timer();
        for (auto const& process : processes_) {
            auto const timer = process->next_timer();
            if (timer && (!next || *timer < *next)) next = timer;
        }
        if (!next || *next > end) {
            machine_.time.elapsed = std::max(machine_.time.elapsed, end);
            return;
        }
        machine_.time.elapsed = std::max(machine_.time.elapsed, *next);
    }
}

void Simulation::run() {
    if (!open_people()) {
        machine_.wrong(Wrong::lost, -1, "the store cannot be made");
        return;
    }
    connect_accounts();
    plan_people();
    plan_campaign();
    plan_deeds();
    plan_trouble();
    for (auto const& process : processes_) process->start();
    step_until(machine_.script.length, false);
    end_trouble();
    auto const end = machine_.time.elapsed + patience;
    while (machine_.time.elapsed < end && machine_.truth->unsettled() > 0 &&
           machine_.report.requests <= requests_max) {
        step_until(std::min<Milliseconds>(machine_.time.elapsed + 1h, end), true);
        if (machine_.truth->unsettled() == 0) break;
        reconnect_the_dead();
        answer_questions();
        take_back_the_unasked();
        if (machine_.time.elapsed > machine_.script.length + person_looks_after)
            settle_the_doubtful();
    }
    // What is under way arrives, and whoever is to be told is told.
    step_until(machine_.time.elapsed + 5min, false);
    for (int hours = 0; hours < hours_until_told && notices_wait(); ++hours)
        step_until(machine_.time.elapsed + 1h, false);
    judge();
}

void Simulation::run_for(Milliseconds length, std::function<bool()> const& enough) {
    if (!open_people()) return;
    connect_accounts();
    plan_people();
    for (auto const& process : processes_) process->start();
    while (machine_.time.elapsed < length && !enough())
        step_until(machine_.time.elapsed + 10s, false);
}

SeedReport run_seed(NetworkKind const& kind, std::uint64_t seed, SeedOptions const& options) {
    auto const began = cpu_now();
    SeedReport report;
    report.seed = seed;
    report.network = kind.name;
    auto script = make_script(seed, options.flawless);
    report.accounts = script.accounts;
    report.jobs = static_cast<std::int64_t>(script.jobs.size());
    {
        (void)Machine::vault();
        Simulation simulation(kind, std::move(script), options, report);
        simulation.run();
    }
    report.cpu_seconds = cpu_now() - began;
    return report;
}

}  // namespace postrider::simulate
