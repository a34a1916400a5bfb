// Distributions: most runs are small and have a few kinds of trouble each, so that kinds meet in
// many combinations ("swarm testing").
#include "script.hpp"

#include <algorithm>
#include <cmath>

namespace postrider::simulate {

namespace {

using namespace std::chrono_literals;

class Dice {
 public:
    explicit Dice(std::uint64_t seed) : random_(seed) {}
    double unit() { return random_.unit(); }
    bool chance(double p) { return unit() < p; }
    int between(int low, int high) {
        return low + static_cast<int>(random_.below(static_cast<std::uint64_t>(high - low + 1)));
    }
    Milliseconds between(Milliseconds low, Milliseconds high) {
        return low + Milliseconds{static_cast<std::int64_t>(
                         random_.below(static_cast<std::uint64_t>((high - low).count()) + 1))};
    }
    /// Evenly over the logarithm.
    double log_between(double low, double high) { return low * std::pow(high / low, unit()); }
    Milliseconds log_between(Milliseconds low, Milliseconds high) {
        return Milliseconds{static_cast<std::int64_t>(
            log_between(static_cast<double>(low.count()), static_cast<double>(high.count())))};
    }

 private:
    core::SeededRandom random_;
};

// Log-distributed and mostly small: the mean is near 30, and one in some hundred has 1,000.
int draw_accounts(Dice& dice) {
    double const u = dice.unit();
    return static_cast<int>(3.0 * std::pow(1'000.0 / 3.0, u * u * u) + 0.5);
}

// 1 h to 2 days, mean 6 h.
Milliseconds draw_length(Dice& dice) {
    double const hours = 1.0 - 5.3 * std::log(1.0 - dice.unit());
    return Milliseconds{static_cast<std::int64_t>(std::min(hours, 48.0) * 3'600'000)};
}

void draw_jobs(Dice& dice, Script& script) {
    double const mean = script.accounts > 100 ? 1.2 : dice.log_between(1.0, 6.0);
    // Sometimes one account has more than its limits let go in a minute.
    int const whale = dice.chance(0.2) ? dice.between(0, script.accounts - 1) : -1;
    bool const at_once = dice.chance(0.5);  // and all of them at one moment
    bool const herd = dice.chance(0.15);    // all at one moment
    auto const moment = dice.between(0ms, script.length / 2);
    for (int account = 0; account < script.accounts; ++account) {
        int count = static_cast<int>(std::floor(dice.unit() * 2 * mean + 0.5));
        if (account == whale) count += at_once ? 26 : std::clamp(script.accounts, 12, 20);
        for (int i = 0; i < count; ++i) {
            JobPlan job;
            job.account = account;
            bool const now = herd || (account == whale && at_once);
            job.due = now ? moment : dice.between(0ms, script.length);
            job.asap = dice.chance(0.2);
            job.skip_when_late = !job.asap && dice.chance(0.05);
            // Half of them are there from the beginning; the others are added before they are due.
            if (dice.chance(0.5)) job.added = dice.between(0ms, job.due);
            script.jobs.push_back(job);
        }
    }
    if (script.jobs.empty()) script.jobs.emplace_back();
}

void draw_mishaps(Dice& dice, Script& script) {
    if (dice.chance(0.25)) return;
    script.mishap_rate = dice.log_between(0.003, 0.2);
    bool any = false;
    for (auto& weight : script.mishap_weights)
        if (dice.chance(0.6)) {
            weight = dice.log_between(0.1, 1.0);
            any = true;
        }
    if (!any) script.mishap_weights[2] = 1;  // the one that matters most
}

void draw_windows(Dice& dice, Script& script) {
    auto const window = [&](Milliseconds least, Milliseconds most, int kind) {
        Window made;
        made.from = dice.between(0ms, script.length);
        made.to = std::min(script.length, made.from + dice.log_between(least, most));
        made.kind = kind;
        return made;
    };
    if (dice.chance(0.3))
        for (int i = dice.between(1, 3); i > 0; --i)
            script.outages.push_back(window(30s, 90min, dice.between(0, 2)));
    if (dice.chance(0.15))
        for (int i = dice.between(1, 3); i > 0; --i)
            script.bans.push_back(window(1min, 5h, dice.between(0, script.accounts - 1)));
    if (dice.chance(0.1))
        for (int i = dice.between(1, 2); i > 0; --i)
            script.disk_full.push_back(window(1s, 10min, 0));
    if (dice.chance(0.15))
        for (int i = dice.between(1, 4); i > 0; --i) {
            Window jump;
            jump.from = dice.between(0ms, script.length);
            jump.to = dice.log_between(100ms, 2h);
            if (dice.chance(0.5)) jump.to = -jump.to;
            script.clock_jumps.push_back(jump);
        }
    if (dice.chance(0.35))
        for (int i = dice.between(2, 14); i > 0; --i)
            script.power_cuts.push_back(dice.between(1s, script.length));
}

// The machine is off for a while, and many posts of one account come late.
void draw_downtime(Dice& dice, Script& script) {
    if (!dice.chance(0.12)) return;
    Window off;
    off.from = dice.between(0ms, script.length / 2);
    off.to = std::min(script.length, off.from + dice.log_between(20min, 5h));
    script.downtimes.push_back(off);
    int const account = dice.between(0, script.accounts - 1);
    for (int i = dice.between(4, 8); i > 0; --i) {
        JobPlan job;
        job.account = account;
        job.due = dice.between(off.from, off.to);
        script.jobs.push_back(job);
    }
}

// People who do more than to add jobs.
void draw_people(Dice& dice, Script& script) {
    constexpr std::size_t campaign_max = 30;
    for (auto& job : script.jobs)
        if (!job.asap && dice.chance(0.06)) job.last_moment = job.due + dice.log_between(5min, 4h);
    if (!dice.chance(0.5)) return;
    script.mean_deed = dice.log_between(3min, 1h);
    script.mean_answer = dice.log_between(1min, 1h);
    script.declines = dice.chance(0.5) ? dice.unit() / 2 : 0;
    script.mute = dice.chance(0.5) ? dice.unit() / 2 : 0;
    bool const campaign = dice.chance(0.6);
    double const hooked = dice.chance(0.6) ? dice.unit() : 0;
    std::size_t planned = 0;
    for (auto& job : script.jobs) {
        job.notifies = dice.chance(hooked);
        job.holds = dice.chance(hooked / 4);
        job.asks = dice.chance(0.3);
        job.in_campaign = campaign && job.added == 0ms && planned < campaign_max;
        if (job.in_campaign) ++planned;
    }
}

}  // namespace

std::string_view name_of(Mishap mishap) {
    constexpr std::string_view names[] = {"not_sent",
                                          "lost_before",
                                          "lost_after",
                                          "late",
                                          "slow",
                                          "cut_request",
                                          "cut_answer",
                                          "page_before",
                                          "page_after",
                                          "unauthorized",
                                          "too_many",
                                          "too_many_after",
                                          "error_before",
                                          "error_after"};
    static_assert(std::size(names) == mishap_count);
    return names[static_cast<std::size_t>(mishap)];
}

Script quiet_script(int accounts, int jobs_each, Milliseconds length, int whale_jobs) {
    Dice dice(7);
    Script script;
    script.seed = 7;
    script.accounts = accounts;
    script.processes = 4;
    script.length = std::max<Milliseconds>(length, 1h);
    script.poll = 500ms;
    for (int i = 0; i < whale_jobs; ++i) script.jobs.emplace_back();
    for (int account = whale_jobs > 0 ? 1 : 0; account < accounts; ++account)
        for (int i = 0; i < jobs_each; ++i) {
            JobPlan job;
            job.account = account;
            job.due = dice.between(0ms, length);
            script.jobs.push_back(job);
        }
    return script;
}

Script make_script(std::uint64_t seed, bool flawless) {
    Dice dice(seed * 0x9E3779B97F4A7C15ULL + 1);
    Script script;
    script.seed = seed;
    script.accounts = draw_accounts(dice);
    script.length = draw_length(dice);
    script.processes = dice.chance(0.4) ? 1 : dice.between(2, 4);
    script.concurrency = dice.chance(0.2) ? dice.between(1, 4) : 16;
    // Rarely: each look around costs as much as a step of a job.
    script.poll = dice.log_between(15s, 5min);
    script.processing = dice.log_between(1s, dice.chance(0.1) ? 2h : 1min);
    draw_jobs(dice, script);
    if (flawless || dice.chance(0.05)) return script;
    draw_mishaps(dice, script);
    draw_windows(dice, script);
    draw_downtime(dice, script);
    if (dice.chance(0.6)) script.mean_kill = dice.log_between(3min, 4h);
    script.kills_in_writes = dice.chance(0.5);
    if (dice.chance(0.3)) script.mean_pause = dice.log_between(10min, 4h);
    if (dice.chance(0.15)) script.disk_error_rate = dice.log_between(3e-5, 3e-3);
    draw_people(dice, script);
    return script;
}

}  // namespace postrider::simulate
