// Workers write one JSON line a seed into a pipe; whoever dies in the middle of a seed has named
// it.
#include "fleet.hpp"

#include "script.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>

namespace postrider::simulate {

namespace json = boost::json;

namespace {

constexpr std::uint64_t replay_every = 100;
constexpr std::uint64_t enough_for_all_faults = 1'000;
constexpr std::size_t failed_shown = 10;

json::object to_line(SeedReport const& report) {
    json::object reached;
    for (auto const& [name, times] : report.reached) reached[name] = times;
    json::array failures;
    for (auto const& failure : report.failures)
        failures.push_back(json::object{{"what", word(failure.what)},
                                        {"job", failure.job},
                                        {"at_ms", failure.at_ms},
                                        {"sentence", failure.sentence}});
    return {{"seed", report.seed},
            {"network", report.network},
            {"simulated_ms", report.simulated_ms},
            {"cpu", report.cpu_seconds},
            {"accounts", report.accounts},
            {"jobs", report.jobs},
            {"requests", report.requests},
            {"transitions", report.transitions},
            {"reached", std::move(reached)},
            {"failures", std::move(failures)}};
}

void put_line(int fd, json::object const& object) {
    auto const line = json::serialize(object) + "\n";
    for (std::size_t done = 0; done < line.size();) {
        auto const wrote = ::write(fd, line.data() + done, line.size() - done);
        if (wrote <= 0) ::_exit(1);
        done += static_cast<std::size_t>(wrote);
    }
}

SeedReport run_checked(NetworkKind const& kind, std::uint64_t seed, SeedOptions const& options) {
    auto report = run_seed(kind, seed, options);
    if (seed % replay_every != 0) return report;
    auto const again = run_seed(kind, seed, options);
    report.reached["replayed"] = 1;
    report.cpu_seconds += again.cpu_seconds;
    if (again.hash != report.hash)
        report.failures.push_back(
            {Wrong::not_replayed, -1, 0, "the same seed gave another run the second time"});
    return report;
}

[[noreturn]] void work(FleetOptions const& options, int worker, int fd) {
    for (auto seed = options.from + static_cast<std::uint64_t>(worker);
         seed < options.from + options.seeds;
         seed += static_cast<std::uint64_t>(options.workers)) {
        put_line(fd, {{"begins", seed}});
        put_line(fd, to_line(run_checked(kind_for(seed, options.network), seed, options.seed)));
    }
    ::_exit(0);
}

struct Worker {
    pid_t pid = -1;
    int fd = -1;
    std::string rest;
    std::uint64_t seed = 0;  ///< the one that it is at
};

void take_line(Summary& summary,
               Worker& worker,
               std::string_view line,
               FleetOptions const& options) {
    auto const value = json::parse(line);
    auto const& object = value.as_object();
    if (auto const* begins = object.if_contains("begins")) {
        worker.seed = begins->to_number<std::uint64_t>();
        return;
    }
    auto const number = [&](std::string_view name) {
        return object.at(name).to_number<std::int64_t>();
    };
    worker.seed = 0;
    ++summary.seeds;
    summary.simulated_hours += static_cast<double>(number("simulated_ms")) / 3'600'000;
    summary.cpu_seconds += object.at("cpu").to_number<double>();
    summary.accounts += number("accounts");
    summary.jobs += number("jobs");
    summary.requests += number("requests");
    summary.transitions += number("transitions");
    for (auto const& member : object.at("reached").as_object())
        summary.reached[std::string(member.key())] += member.value().to_number<std::int64_t>();
    auto const& failures = object.at("failures").as_array();
    if (failures.empty()) return;
    FailedSeed failed;
    failed.seed = object.at("seed").to_number<std::uint64_t>();
    failed.network = object.at("network").as_string();
    for (auto const& entry : failures) {
        auto const& failure = entry.as_object();
        auto const what = from_word<Wrong>(std::string_view(failure.at("what").as_string()));
        ++summary.wrong[std::string(failure.at("what").as_string())];
        failed.failures.push_back({what.value_or(Wrong::lost),
                                   failure.at("job").to_number<int>(),
                                   failure.at("at_ms").to_number<std::int64_t>(),
                                   std::string(failure.at("sentence").as_string())});
    }
    if (!options.quiet)
        std::fprintf(stderr,
                     "seed %llu (%s): %s: %s\n",
                     static_cast<unsigned long long>(failed.seed),
                     failed.network.c_str(),
                     std::string(word(failed.failures.front().what)).c_str(),
                     failed.failures.front().sentence.c_str());
    summary.failed.push_back(std::move(failed));
}

// False when the worker has ended.
bool read_some(Summary& summary, Worker& worker, FleetOptions const& options) {
    std::array<char, 65'536> block{};
    auto const size = ::read(worker.fd, block.data(), block.size());
    if (size <= 0) return false;
    worker.rest.append(block.data(), static_cast<std::size_t>(size));
    for (auto end = worker.rest.find('\n'); end != worker.rest.npos; end = worker.rest.find('\n')) {
        take_line(summary, worker, std::string_view(worker.rest).substr(0, end), options);
        worker.rest.erase(0, end + 1);
    }
    return true;
}

void bury(Summary& summary, Worker& worker, FleetOptions const& options) {
    int status = 0;
    ::close(worker.fd);
    ::waitpid(worker.pid, &status, 0);
    worker.fd = -1;
    if (worker.seed == 0) return;
    FailedSeed failed;
    failed.seed = worker.seed;
    failed.network = kind_for(worker.seed, options.network).name;
    failed.failures.push_back(
        {Wrong::stopped, -1, 0, fmt::format("the simulator died, status {}", status)});
    ++summary.wrong["stopped"];
    summary.failed.push_back(std::move(failed));
}

Worker hire(FleetOptions const& options, int number) {
    Worker worker;
    std::array<int, 2> ends{};
    if (::pipe(ends.data()) != 0) return worker;
    worker.pid = ::fork();
    if (worker.pid == 0) {
        ::close(ends[0]);
        work(options, number, ends[1]);
    }
    ::close(ends[1]);
    worker.fd = ends[0];
    return worker;
}

}  // namespace

NetworkKind const& kind_for(std::uint64_t seed, std::string const& network) {
    auto const& kinds = networks();
    for (auto const& kind : kinds)
        if (kind.name == network) return kind;
    return kinds[seed % kinds.size()];
}

std::vector<std::string> must_be_reached() {
    std::vector<std::string> names;
    for (std::size_t i = 0; i < mishap_count; ++i)
        names.emplace_back(name_of(static_cast<Mishap>(i)));
    for (auto const* name : {"outage",
                             "account_banned",
                             "killed",
                             "killed_in_a_write",
                             "power_cut",
                             "power_cut_in_a_write",
                             "switched_off",
                             "paused",
                             "paused_longer_than_a_lease",
                             "paused_in_refresh",
                             "clock_forward",
                             "clock_back",
                             "disk_full",
                             "disk_error_read",
                             "disk_error_write",
                             "disk_error_sync",
                             "disk_error_lock",
                             "left_after_disk_error",
                             "adding_failed",
                             "account_connected_again",
                             "token_refreshed",
                             "refresh_answer_lost",
                             "cancelled_by_person",
                             "cancelled_while_running",
                             "cancel_met_commit",
                             "revived",
                             "settled_by_truth",
                             "account_paused_by_person",
                             "campaign_paused_by_person",
                             "account_let_go_again",
                             "campaign_let_go_again",
                             "campaign_planned",
                             "changed_by_plan",
                             "changed_while_running",
                             "withdrawn_by_plan",
                             "brought_back_by_plan",
                             "approved",
                             "approved_late",
                             "declined",
                             "choices_narrowed",
                             "asked_in_the_middle",
                             "notified",
                             "notice_failed",
                             "account_held_by_hook",
                             "doubt_found_published",
                             "doubt_found_absent",
                             "settled_by_person",
                             "unknown",
                             "published",
                             "handed_off",
                             "rejected",
                             "cancelled"})
        names.emplace_back(name);
    return names;
}

Summary run_fleet(FleetOptions const& options) {
    using std::chrono::steady_clock;
    auto const began = steady_clock::now();
    auto shown = began;
    Summary summary;
    summary.from = options.from;
    std::vector<Worker> workers;
    for (int i = 0; i < options.workers; ++i) workers.push_back(hire(options, i));
    for (;;) {
        std::vector<pollfd> waiting;
        for (auto const& worker : workers) waiting.push_back({worker.fd, POLLIN, 0});
        if (std::all_of(workers.begin(), workers.end(), [](auto const& w) { return w.fd < 0; }))
            break;
        ::poll(waiting.data(), waiting.size(), 1'000);
        for (std::size_t i = 0; i < workers.size(); ++i)
            if (workers[i].fd >= 0 && waiting[i].revents != 0)
                if (!read_some(summary, workers[i], options)) bury(summary, workers[i], options);
        auto const now = steady_clock::now();
        if (options.quiet || now - shown < std::chrono::seconds(5)) continue;
        shown = now;
        std::fprintf(stderr,
                     "%llu of %llu seeds, %.0f simulated hours, %zu failed\n",
                     static_cast<unsigned long long>(summary.seeds),
                     static_cast<unsigned long long>(options.seeds),
                     summary.simulated_hours,
                     summary.failed.size());
    }
    summary.real_seconds = std::chrono::duration<double>(steady_clock::now() - began).count();
    if (auto const found = summary.reached.find("replayed"); found != summary.reached.end()) {
        summary.replayed = static_cast<std::uint64_t>(found->second);
        summary.reached.erase(found);
    }
    if (summary.seeds >= enough_for_all_faults && options.network.empty())
        for (auto const& name : must_be_reached())
            if (!summary.reached.contains(name)) summary.never_reached.push_back(name);
    std::sort(summary.failed.begin(), summary.failed.end(), [](auto const& a, auto const& b) {
        return a.seed < b.seed;
    });
    return summary;
}

json::object to_json(Summary const& summary) {
    json::object wrong;
    for (auto const& [what, name] : Words<Wrong>::table) {
        auto const found = summary.wrong.find(name);
        wrong[name] = found == summary.wrong.end() ? 0 : found->second;
    }
    json::object reached;
    for (auto const& [name, times] : summary.reached) reached[name] = times;
    json::array failed;
    for (auto const& seed : summary.failed)
        failed.push_back(json::object{{"seed", seed.seed},
                                      {"network", seed.network},
                                      {"what", word(seed.failures.front().what)},
                                      {"sentence", seed.failures.front().sentence}});
    json::array never;
    for (auto const& name : summary.never_reached) never.emplace_back(name);
    return {
        {"from", summary.from},
        {"seeds", summary.seeds},
        {"simulated_hours", summary.simulated_hours},
        {"cpu_seconds", summary.cpu_seconds},
        {"real_seconds", summary.real_seconds},
        {"times_real_time_a_core",
         summary.cpu_seconds > 0 ? summary.simulated_hours * 3'600 / summary.cpu_seconds : 0},
        {"transitions_a_cpu_second",
         summary.cpu_seconds > 0 ? static_cast<double>(summary.transitions) / summary.cpu_seconds
                                 : 0},
        {"accounts", summary.accounts},
        {"jobs", summary.jobs},
        {"requests", summary.requests},
        {"transitions", summary.transitions},
        {"replayed", summary.replayed},
        {"wrong", std::move(wrong)},
        {"reached", std::move(reached)},
        {"never_reached", std::move(never)},
        {"failed", std::move(failed)},
        {"good", summary.good()}};
}

std::string to_text(Summary const& summary) {
    std::string text = fmt::format(
        "{} seeds from {}: {:.0f} simulated hours in {:.0f} s of processor time, {:.0f} times real "
        "time a core\n{} accounts, {} jobs, {} requests, {} transitions ({:.0f} a second of "
        "processor time), {} seeds replayed\n",
        summary.seeds,
        summary.from,
        summary.simulated_hours,
        summary.cpu_seconds,
        summary.simulated_hours * 3'600 / std::max(summary.cpu_seconds, 1e-9),
        summary.accounts,
        summary.jobs,
        summary.requests,
        summary.transitions,
        static_cast<double>(summary.transitions) / std::max(summary.cpu_seconds, 1e-9),
        summary.replayed);
    for (auto const& [what, name] : Words<Wrong>::table) {
        auto const found = summary.wrong.find(name);
        text += fmt::format("{:<18}{}\n", name, found == summary.wrong.end() ? 0 : found->second);
    }
    text += "reached:";
    for (auto const& [name, times] : summary.reached) text += fmt::format(" {} {},", name, times);
    text.back() = '\n';
    for (auto const& name : summary.never_reached) text += "never reached: " + name + "\n";
    std::size_t shown = 0;
    for (auto const& failed : summary.failed) {
        if (++shown > failed_shown) break;
        text += fmt::format(
            "seed {}: {}: {}\n  ./dev simulate --seeds 1 --from {} --network {} --trace\n",
            failed.seed,
            word(failed.failures.front().what),
            failed.failures.front().sentence,
            failed.seed,
            failed.network);
    }
    return text;
}

}  // namespace postrider::simulate
