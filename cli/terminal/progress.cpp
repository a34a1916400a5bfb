// Draws at most ten times a second; jobs that have ended leave one last line behind.
#include "terminal/progress.hpp"

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <ostream>

namespace postrider::cli {

namespace {

bool has_ended(std::string const& state) {
    return state == "published" || state == "handed_off" || state == "rejected" ||
           state == "cancelled" || state == "unknown";
}

constexpr std::size_t lines_max = 12;

}  // namespace

std::string transfer_text(std::uint64_t sent_bytes, std::uint64_t total_bytes) {
    if (sent_bytes == 0) return {};
    if (total_bytes == 0) return fmt::format("{:.1f} MB", static_cast<double>(sent_bytes) / 1e6);
    return fmt::format("{} %", std::min<std::uint64_t>(100, sent_bytes * 100 / total_bytes));
}

LiveProgress::LiveProgress(Host const& host, Globals const& globals, Paint paint)
    : host_(host), paint_(paint) {
    if (globals.progress == "json")
        form_ = Form::json;
    else if (globals.progress == "auto" && host.err_terminal && !globals.quiet && !globals.verbose)
        form_ = Form::lines;
}

LiveProgress::~LiveProgress() {
    erase();
}

void LiveProgress::show(ProgressLine line) {
    if (form_ == Form::none) return;
    if (form_ == Form::json) {
        boost::json::object object;
        object["type"] = "progress";
        object["job"] = line.job_id;
        object["account"] = line.account;
        object["post"] = line.post;
        object["step"] = line.step;
        object["state"] = line.state;
        object["sent_bytes"] = line.sent_bytes;
        object["total_bytes"] = line.total_bytes;
        *host_.err << boost::json::serialize(object) << std::endl;
        return;
    }
    bool const ended = has_ended(line.state);
    if (ended) {
        erase();
        jobs_.erase(line.job_id);
        *host_.err << drawn(line) << "\n";
    } else {
        jobs_[line.job_id] = std::move(line);
    }
    auto const now = std::chrono::steady_clock::now();
    if (!ended && now - drawn_at_ < std::chrono::milliseconds(100)) return;
    drawn_at_ = now;
    draw();
}

std::string LiveProgress::drawn(ProgressLine const& line) const {
    auto const columns = static_cast<std::size_t>(std::max(20, host_.columns - 1));
    auto const state = padded(line.state, 18);
    auto const rest = fmt::format("{}  {}  {} {}",
                                  escape_controls(line.account),
                                  escape_controls(line.post),
                                  line.step,
                                  transfer_text(line.sent_bytes, line.total_bytes));
    return paint_.state(line.state, state) + cut_to_width(rest, columns > 18 ? columns - 18 : 1);
}

void LiveProgress::erase() {
    if (lines_ == 0) return;
    // Up to the first line drawn, then everything below it is cleared.
    *host_.err << fmt::format("\x1b[{}A\r\x1b[J", lines_) << std::flush;
    lines_ = 0;
}

void LiveProgress::draw() {
    erase();
    for (auto const& [id, line] : jobs_) {
        if (lines_ == lines_max) break;
        *host_.err << drawn(line) << "\n";
        ++lines_;
    }
    *host_.err << std::flush;
}

}  // namespace postrider::cli
