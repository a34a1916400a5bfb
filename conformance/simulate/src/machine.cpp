// Record keeping.
#include "machine.hpp"

#include <fmt/format.h>
#include <stdlib.h>

#include <cmath>
#include <cstdio>
#include <filesystem>
#include <stdexcept>

namespace postrider::simulate {

namespace {

constexpr std::size_t failures_kept = 20;
constexpr Instant beginning{Milliseconds{1'900'000'000'000}};  // some day in 2030

std::uint64_t mixed(std::uint64_t hash, std::uint64_t value) {
    hash ^= value + 0x9E3779B97F4A7C15ULL + (hash << 6) + (hash >> 2);
    hash *= 0xBF58476D1CE4E5B9ULL;
    return hash ^ (hash >> 31);
}

std::uint64_t mixed(std::uint64_t hash, std::string_view text) {
    std::uint64_t word = 0xCBF29CE484222325ULL;
    for (char const c : text) word = (word ^ static_cast<unsigned char>(c)) * 0x100000001B3ULL;
    return mixed(hash, word);
}

// One for this program: a folder for the kernel's locks, and the key that seals.
class Workshop {
 public:
    Workshop() {
        auto name = (std::filesystem::temp_directory_path() / "postrider-simulate-XXXXXX").string();
        if (!::mkdtemp(name.data())) throw std::runtime_error("no temporary folder can be made");
        folder = name;
        auto made = core::Vault::create(folder / "vault.key");
        if (!made) throw std::runtime_error(made.error().message());
        vault = std::make_unique<core::Vault>(*std::move(made));
    }
    ~Workshop() {
        std::error_code ignored;
        std::filesystem::remove_all(folder, ignored);
    }
    std::filesystem::path folder;
    std::unique_ptr<core::Vault> vault;
};

Workshop& workshop() {
    static Workshop made;
    return made;
}

}  // namespace

core::Vault const& Machine::vault() {
    return *workshop().vault;
}

Machine::Machine(NetworkKind const& kind_,
                 Script script_,
                 SeedOptions const& options,
                 SeedReport& report_)
    : kind(kind_),
      script(std::move(script_)),
      report(report_),
      disk(script.seed ^ 0x5D15C0ULL, script.may_lose_power()),
      events(script.seed ^ 0xE4E475ULL),
      chance(script.seed ^ 0xC4A7CEULL),
      ids(script.seed ^ 0x1D0F57ULL),
      path((workshop().folder / "store.db").string()),
      trace_(options.trace) {
    time.began = beginning;
    auto const accounts = static_cast<std::size_t>(script.accounts);
    late_commits.resize(accounts);
    held.resize(accounts);
    blind.resize(accounts);
    wishes.resize(script.jobs.size());
    Setting setting;
    setting.accounts = script.accounts;
    setting.seed = script.seed;
    setting.processing = script.processing;
    setting.now = [this] { return time.truth(); };
    network = kind.make(setting);
}

Machine::~Machine() {
    events.drop_all();
}

void Machine::note(std::string_view actor,
                   std::string_view event,
                   std::int64_t a,
                   std::int64_t b,
                   std::int64_t c) {
    auto hash = mixed(report.hash, static_cast<std::uint64_t>(time.elapsed.count()));
    hash = mixed(mixed(hash, actor), event);
    hash = mixed(hash, static_cast<std::uint64_t>(a));
    hash = mixed(hash, static_cast<std::uint64_t>(b));
    report.hash = mixed(hash, static_cast<std::uint64_t>(c));
    if (!trace_) return;
    auto const text = fmt::format("{:>13.3f} {:<10} {:<28} {:>6} {} {}\n",
                                  static_cast<double>(time.elapsed.count()) / 1'000,
                                  actor,
                                  event,
                                  a,
                                  b,
                                  c);
    std::fputs(text.c_str(), stdout);
}

void Machine::wrong(Wrong what, int job, std::string sentence) {
    note("judge", word(what), job);
    if (trace_) std::fputs(("              " + sentence + "\n").c_str(), stdout);
    if (report.failures.size() >= failures_kept) return;
    report.failures.push_back({what, job, time.elapsed.count(), std::move(sentence)});
}

int Machine::open_window(std::vector<Window> const& windows) const {
    for (auto const& window : windows)
        if (window.from <= time.elapsed && time.elapsed < window.to) return window.kind;
    return -1;
}

Milliseconds Machine::draw_interval(Milliseconds mean) {
    auto const drawn = -std::log(1.0 - chance.unit()) * static_cast<double>(mean.count());
    return Milliseconds{static_cast<std::int64_t>(drawn) + 1};
}

}  // namespace postrider::simulate
