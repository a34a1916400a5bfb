// Starting and ending.
#include "process.hpp"

#include "failing_memory.hpp"

#include <postrider/catalogue.hpp>

#include <fmt/format.h>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/json/parse.hpp>

namespace postrider::simulate {

namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

asio::awaitable<void> run_engine(core::Engine* engine,
                                 std::shared_ptr<std::optional<Result<void>>> ended) {
    core::Engine::Until until;
    auto result = co_await engine->run(std::move(until));
    *ended = std::move(result);
}

}  // namespace

void WatchedStore::submit(Work work, Done done) {
    machine_.disk.act_for(process_);
    FailingMemory::Inside const inside(!name_.empty());
    inner_->submit(std::move(work), [this, done = std::move(done)](Result<void> result) {
        FailingMemory::Inside const outside(false);
        machine_.people_meet_trouble = false;  // the judge does not
        machine_.truth->after_write(name_, result.has_value());
        if (result && machine_.cut_after_write && !name_.empty())
            machine_.cut_now = std::exchange(machine_.cut_after_write, false);
        done(std::move(result));
    });
}

Result<void> WatchedStore::read(Work const& work) {
    machine_.disk.act_for(process_);
    FailingMemory::Inside const inside(!name_.empty());
    return inner_->read(work);
}

Result<std::unique_ptr<WatchedStore>> open_watched(Machine& machine,
                                                   int process,
                                                   std::string const& name) {
    machine.disk.act_for(process);
    FailingMemory::Inside const inside(!name.empty());
    core::StoreOptions options;
    options.create = true;
    options.inline_writes = true;
    options.random = &machine.ids;
    // From one checkpoint every few transactions to hardly any.
    options.checkpoint_pages = 16 << machine.script.seed % 8;
    auto opened = core::open_store(machine.path, options);
    if (!opened) return opened.error();
    return std::make_unique<WatchedStore>(machine, process, name, *std::move(opened));
}

void Process::start() {
    ++starts_;
    name_ = fmt::format("worker{}_{}", number_, starts_);
    auto store = open_watched(machine_, number_, name_);
    if (!store) {
        machine_.note(name_, "does_not_open", 0);
        machine_.dead.insert(name_);
        return;
    }
    store_ = *std::move(store);
    machine_.note(name_, "start");
    auto const seed = machine_.script.seed * 1'000'003 + static_cast<std::uint64_t>(number_) * 101 +
                      static_cast<std::uint64_t>(starts_);
    random_ = std::make_unique<core::SeededRandom>(seed);
    turns_ = std::make_unique<Scheduler>(seed ^ 0x70A45ULL);
    clock_ = std::make_unique<SimulatedClock>(machine_.time, *turns_, 1s);
    eye_ = std::make_unique<Eye>(*machine_.kind.adapter);
    eye_->on_path = [this](std::string_view path, int job) {
        machine_.reached(path);
        machine_.note(name_, path, job);
    };
    adapters_ = std::make_unique<core::Adapters>(std::vector<std::filesystem::path>{});
    adapters_->add(*eye_);
    wire_ = std::make_unique<Wire>(machine_, *clock_, *eye_, name_);
    core::EngineParts parts{
        *store_, *wire_, *clock_, *random_, *adapters_, Machine::vault(), {}, name_, {}};
    parts.owner_is_dead = [this](std::string const& owner) {
        return machine_.dead.contains(owner);
    };
    parts.notify = [this](std::string const& /*channel*/, std::string const& line) {
        return note_notice(line);
    };
    core::EngineSettings settings;
    settings.concurrency = machine_.script.concurrency;
    settings.poll = machine_.script.poll;
    engine_ = std::make_unique<core::Engine>(std::move(parts), settings);
    ended_ = std::make_shared<std::optional<Result<void>>>();
    paused_until_.reset();
    auto task = run_engine(engine_.get(), ended_);
    asio::any_io_executor const executor = SchedulerExecutor(*turns_);
    asio::co_spawn(executor, std::move(task), asio::detached);
}

void Process::end() {
    if (turns_) turns_->drop_all();
    engine_.reset();
    wire_.reset();
    adapters_.reset();
    eye_.reset();
    clock_.reset();
    turns_.reset();
    store_.reset();
    machine_.disk.bury(number_);
}

Result<void> Process::note_notice(std::string const& line) {
    bool const mute = !machine_.faults_over && machine_.script.mute > 0 &&
                      machine_.chance.unit() < machine_.script.mute;
    machine_.reached(mute ? "notice_failed" : "notified");
    if (mute) return make_error("hook.channel_failed");
    auto const notice = boost::json::parse(line).as_object();
    machine_.told.emplace(notice.at("job_id").as_string(), notice.at("state").as_string());
    return {};
}

void Process::pause(Milliseconds duration) {
    paused_until_ = machine_.time.elapsed + duration;
    // What it was about to do with an answer, it does after the pause.
    for (auto& [account, refresh] : machine_.refreshes)
        if (auto const mine = refresh.answered.find(name_); mine != refresh.answered.end())
            if (mine->second >= 0ms && machine_.time.elapsed - mine->second < 1s)
                mine->second = *paused_until_;
}

void Process::kill() {
    if (!running()) return;
    machine_.note(name_, "killed");
    machine_.dead.insert(name_);
    // The answer to a commit that it held is lost with it; where the commit has no name, for good.
    for (auto& truth : machine_.truth->jobs)
        if (truth.row.owner == name_ && truth.row.intent == "armed" &&
            machine_.truth->armed_blindly(truth))
            truth.spoilt_blind = true;
    for (auto& [account, refresh] : machine_.refreshes) {
        auto const mine = refresh.answered.find(name_);
        if (mine == refresh.answered.end()) continue;
        if (mine->second < 0ms || machine_.time.elapsed - mine->second < 1s) refresh.lost = true;
        refresh.answered.erase(mine);
    }
    end();
}

bool Process::ready() {
    if (!running()) return false;
    if (paused_until_) {
        if (machine_.time.elapsed < *paused_until_) return false;
        paused_until_.reset();
        machine_.note(name_, "wakes");
    }
    turns_->wake(machine_.time.elapsed);
    return turns_->ready();
}

std::optional<Milliseconds> Process::next_timer() const {
    if (!running()) return std::nullopt;
    if (paused_until_) return paused_until_;
    return turns_->next_timer();
}

void Process::run_one() {
    turns_->run_one();
    if (machine_.disk.is_dead(number_)) {
        machine_.cut_now = std::exchange(machine_.cut_in_write, false);
        machine_.reached(machine_.cut_now ? "power_cut_in_a_write" : "killed_in_a_write");
        kill();
        return;
    }
    if (!ended_->has_value()) return;
    auto const& result = **ended_;
    // A process that cannot use its store leaves, and is started again by whoever watches it.
    auto const code = result ? std::string("none") : result.error().code();
    machine_.note(name_, "left");
    machine_.reached("left_after_disk_error");
    bool const disk = code.starts_with("setup.");
    if (!disk)
        machine_.wrong(
            Wrong::stopped,
            -1,
            fmt::format(
                "{} stopped: {}", name_, result ? "without a word" : result.error().message()));
    kill();
}

}  // namespace postrider::simulate
