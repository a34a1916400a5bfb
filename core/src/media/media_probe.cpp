// Questions to the probe program, and what its silence means.
#include <postrider/core/media_probe.hpp>

#include <postrider/catalogue.hpp>
#include <postrider/core/helper_process.hpp>

#include "probe_answer.hpp"

#include <fmt/format.h>
#include <boost/json.hpp>

#include <sys/stat.h>

#include <algorithm>
#include <csignal>
#include <system_error>
#include <utility>

namespace postrider::core {
namespace {

namespace json = boost::json;
using detail::helper_trouble;
using detail::shown;
using detail::trouble;
using std::chrono::seconds;
using std::chrono::steady_clock;

constexpr std::size_t answer_size_max = 64 * 1024;
constexpr std::size_t path_size_max = 4096;  // longer ones, no system call takes
constexpr int status_wrong_use = 2;          // of the helper: it does not know our flags
constexpr int status_not_loaded = 127;       // of the loader: a shared library is missing

std::int64_t nanoseconds(timespec const& time) {
    return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

/// What it means that the helper died twice over the same file.
Error death(std::filesystem::path const& helper,
            std::filesystem::path const& path,
            HelperProcess::End end) {
    if (end.status == status_not_loaded)
        return helper_trouble(helper, "a shared library it needs is missing; install libavformat");
    if (end.status == status_wrong_use)
        return helper_trouble(
            helper, "it belongs to another version of postrider; install both from one build");
    if (end.signal == SIGKILL)
        return trouble("media.limit",
                       path,
                       "was being examined when the system stopped the probe, probably for want of "
                       "memory; free some "
                       "memory and try again");
    std::string const how = end.signal != 0 ? fmt::format("signal {}", end.signal)
                                            : fmt::format("status {}", end.status);
    return trouble(
               "media.damaged",
               path,
               fmt::format(
                   "makes the probe end abruptly ({}); it is probably damaged, so export it again",
                   how))
        .with("ended_by", how);
}

}  // namespace

struct MediaProbe::Question {
    std::filesystem::path path;  ///< absolute
    bool facts = true;
};

MediaProbe::MediaProbe(std::filesystem::path helper, MediaProbeLimits limits)
    : helper_(std::move(helper)), limits_(limits) {}

MediaProbe::~MediaProbe() = default;

Result<json::object> MediaProbe::ask(Question const& question) {
    std::string const path = question.path.string();
    if (path.size() >= path_size_max)
        return trouble("media.unreadable",
                       question.path,
                       "has a path that is too long for this system; move it");

    auto const identity = identify(question.path);
    auto const by_size = identity ? identity->size_bytes / limits_.hash_bytes_per_second_min : 0;
    seconds const hash_time = limits_.hash_base + seconds(static_cast<std::int64_t>(by_size));
    auto const whole_time = limits_.parsing + hash_time + limits_.reply_grace;
    json::object request;
    request["path"] = path;
    request["hash"] = true;
    request["probe"] = question.facts;
    request["hash_seconds"] = hash_time.count();
    std::string const line = json::serialize(request) + "\n";

    std::lock_guard const lock(mutex_);
    HelperProcess::End end;
    // Twice: the helper may have ended for a reason that has nothing to do with this file.
    for (int turn = 0; turn < 2; ++turn) {
        if (!process_ || !process_->is_alive()) {
            int error = 0;
            process_ = HelperProcess::start(helper_,
                                            {"--seconds",
                                             std::to_string(limits_.parsing.count()),
                                             "--memory-mib",
                                             std::to_string(limits_.memory_mib)},
                                            error);
            if (!process_) return helper_trouble(helper_, std::generic_category().message(error));
        }
        HelperProcess::Answer const answer =
            process_->ask(line, steady_clock::now() + whole_time, answer_size_max);
        using Kind = HelperProcess::Answer::Kind;
        if (answer.kind == Kind::line) {
            auto object = detail::parse_answer(answer.line, path);
            if (object) return std::move(*object);
            process_.reset();  // what comes next could be the answer to an older question
            return helper_trouble(
                helper_, "its answer makes no sense; install it and postrider from one build");
        }
        process_.reset();
        if (answer.kind == Kind::late)
            return trouble("media.limit",
                           question.path,
                           fmt::format("was not examined within {} s, and the probe was stopped; "
                                       "try again, copy it to "
                                       "another disk, or export it again",
                                       std::chrono::ceil<seconds>(whole_time).count()));
        if (answer.kind == Kind::too_long)
            return helper_trouble(
                helper_, "its answer is far too long; install it and postrider from one build");
        end = answer.end;
    }
    return death(helper_, question.path, end);
}

Result<adapter::MediaFacts> MediaProbe::probe(std::filesystem::path const& path) {
    std::error_code fault;
    Question const question{std::filesystem::absolute(path, fault), true};
    auto const answer = ask(question);
    if (!answer) return answer.error();
    return detail::facts_of(*answer, helper_, question.path);
}

Result<std::string> MediaProbe::hash_file(std::filesystem::path const& path) {
    std::error_code fault;
    Question const question{std::filesystem::absolute(path, fault), false};
    auto const answer = ask(question);
    if (!answer) return answer.error();
    return detail::hash_of(*answer, helper_, question.path);
}

Result<void> MediaProbe::check_unchanged(adapter::MediaFacts const& facts) {
    if (!facts.url.empty() || is_untouched(facts)) return {};
    auto const hash = hash_file(facts.path);
    if (!hash) return hash.error();
    if (*hash == facts.sha256) return {};
    return trouble("media.changed",
                   facts.path,
                   "is not the file that was planned: its content differs; put it back, or plan "
                   "again with the new one")
        .with("planned", facts.sha256)
        .with("found", *hash);
}

std::optional<FileIdentity> identify(std::filesystem::path const& path) {
    struct stat facts {};
    if (::stat(path.c_str(), &facts) != 0 || !S_ISREG(facts.st_mode)) return std::nullopt;
    FileIdentity identity;
    identity.size_bytes = static_cast<std::uint64_t>(facts.st_size);
    identity.mtime_ns = nanoseconds(facts.st_mtim);
    identity.ctime_ns = nanoseconds(facts.st_ctim);
    identity.inode = facts.st_ino;
    identity.device = facts.st_dev;
    return identity;
}

FileIdentity identity_of(adapter::MediaFacts const& facts) {
    FileIdentity identity;
    identity.size_bytes = facts.size_bytes;
    identity.mtime_ns = facts.mtime_ns;
    identity.ctime_ns = facts.ctime_ns;
    identity.inode = facts.inode;
    identity.device = facts.device;
    return identity;
}

bool is_untouched(adapter::MediaFacts const& facts) {
    return identify(facts.path) == identity_of(facts);
}

}  // namespace postrider::core
