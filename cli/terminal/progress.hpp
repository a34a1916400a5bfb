// What the engine is doing, live: a few lines on stderr that are written over again, or lines of
// JSON.
#pragma once

#include "operations/globals.hpp"
#include "operations/host.hpp"
#include "terminal/text.hpp"

#include <postrider/instant.hpp>

#include <chrono>
#include <cstdint>
#include <map>
#include <string>

namespace postrider::cli {

/// One job as it stands; the fields that people see.
struct ProgressLine {
    std::string job_id;
    std::string account;
    std::string post;
    std::string step;
    std::string state;
    std::uint64_t sent_bytes = 0;
    std::uint64_t total_bytes = 0;
};

class LiveProgress {
 public:
    LiveProgress(Host const& host, Globals const& globals, Paint paint);
    ~LiveProgress();
    LiveProgress(LiveProgress const&) = delete;
    LiveProgress& operator=(LiveProgress const&) = delete;

    void show(ProgressLine line);

 private:
    enum class Form { none, lines, json };
    void draw();
    void erase();
    [[nodiscard]] std::string drawn(ProgressLine const& line) const;

    Host const& host_;
    Form form_ = Form::none;
    Paint paint_;
    std::map<std::string, ProgressLine> jobs_;  ///< those that are being worked on
    std::size_t lines_ = 0;                     ///< on the screen now
    std::chrono::steady_clock::time_point drawn_at_{};
};

/// `53 %`, or `12.4 MB` where the whole is not known; empty before the first byte.
std::string transfer_text(std::uint64_t sent_bytes, std::uint64_t total_bytes);

}  // namespace postrider::cli
