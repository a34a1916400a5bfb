// The model under its lock, its files and its timer.
#include "tiktok/emulator/server/hub.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/serialize.hpp>
#include <cstdio>
#include <stdexcept>

#include "tiktok/emulator/server/files.hpp"

namespace postrider::tiktok::emulator {
namespace {

constexpr std::size_t ledger_small = 256;
constexpr std::chrono::milliseconds ledger_pause{200};

/// Real time, started at `origin` and running `scale` times as fast; steps of the system's clock do
/// not reach it.
Clock scaled_clock(TimePoint origin, std::int64_t scale) {
    auto const start = std::chrono::steady_clock::now();
    return [origin, scale, start] {
        auto const gone = std::chrono::steady_clock::now() - start;
        return origin + std::chrono::duration_cast<Millis>(gone * scale);
    };
}

TimePoint real_now() {
    return std::chrono::floor<Millis>(std::chrono::system_clock::now());
}

void complain(std::string const& problem) {
    if (!problem.empty()) fmt::print(stderr, "emulator: {}\n", problem);
}

}  // namespace

Hub::Hub(Scenario scenario, ServerOptions the_options) : options(std::move(the_options)) {
    auto const saved = load_state();
    if (!options.clock) options.clock = scaled_clock(clock_origin(saved), options.time_scale);
    model.emplace(std::move(scenario), options.clock);
    model->set_time_scale(options.time_scale);
    model->set_faults(options.faults);
    if (!saved) return;
    std::string const problem = model->load(*saved);
    if (!problem.empty()) {
        throw std::runtime_error(fmt::format("{}: {}", options.state_file, problem));
    }
}

std::optional<json::object> Hub::load_state() {
    if (options.state_file.empty()) return std::nullopt;
    auto const text = read_file(options.state_file);
    if (!text) return std::nullopt;
    try {
        json::object const document = parse_object(*text, "the state");
        Fields fields(document, "");
        port = static_cast<std::uint16_t>(fields.need_integer("port", 0, 65'535));
        saved_real_ = TimePoint{Millis{fields.need_integer("real_ms")}};
        json::object const* inner = fields.object("model");
        if (inner == nullptr) throw SpecError("model is missing");
        return *inner;
    } catch (SpecError const& error) {
        throw std::runtime_error(fmt::format("{}: {}", options.state_file, error.what()));
    }
}

TimePoint Hub::clock_origin(std::optional<json::object> const& saved) const {
    // A restarted emulator's clock goes on where the old one would be by now.
    if (!saved) return real_now();
    auto const* now_ms = saved->if_contains("now_ms");
    auto const* offset = saved->if_contains("clock_offset_ms");
    if (now_ms == nullptr || offset == nullptr || !now_ms->is_int64() || !offset->is_int64()) {
        return real_now();
    }
    auto const away = std::max(real_now() - saved_real_, Millis{0});
    return TimePoint{Millis{now_ms->get_int64() - offset->get_int64()}} + away * options.time_scale;
}

void Hub::flush(bool everything) {
    if (!options.state_file.empty() && state_written_ != model->revision()) {
        std::uint64_t const revision = model->revision();
        json::object const document{{"port", port},
                                    {"real_ms", real_now().time_since_epoch().count()},
                                    {"model", model->save()}};
        complain(write_file(options.state_file, json::serialize(document)));
        state_written_ = revision;
    }
    if (options.ledger_file.empty() || ledger_written_ == model->ledger().revision()) return;
    auto const now = std::chrono::steady_clock::now();
    bool const small = model->ledger().entries().size() <= ledger_small;
    // A long ledger is not written again for each post; the timer brings the rest.
    if (!everything && !small && now - ledger_time_ < ledger_pause) return;
    complain(write_file(options.ledger_file, json::serialize(model->ledger().write()) + "\n"));
    ledger_written_ = model->ledger().revision();
    ledger_time_ = now;
}

void Hub::rearm() {
    std::optional<TimePoint> next;
    TimePoint now{};
    bool unwritten = false;
    {
        std::lock_guard const lock(mutex);
        next = model->next_event();
        now = model->now();
        unwritten = !options.ledger_file.empty() && ledger_written_ != model->ledger().revision();
    }
    if (!next && !unwritten) return;
    // Never long: the clock may be a test's, which jumps.
    Millis delay{250};
    if (next) delay = std::clamp((*next - now) / options.time_scale, Millis{1}, delay);
    timer.expires_after(delay);
    timer.async_wait([this](boost::system::error_code const& error) {
        if (error) return;
        with([this] { model->settle(); });
        rearm();
    });
}

void Hub::ask_to_stop() {
    std::lock_guard const lock(wait_mutex);
    stop_asked = true;
    wait_condition.notify_all();
}

}  // namespace postrider::tiktok::emulator
