// Dying by appointment.
#include <postrider/core/crash_point.hpp>

#ifdef POSTRIDER_CRASH_POINTS

#include <atomic>
#include <charconv>
#include <csignal>
#include <cstdlib>
#include <optional>
#include <string_view>

namespace postrider::core {

namespace {

struct Appointment {
    CrashPoint point;
    int hit;
};

std::optional<Appointment> read_appointment() {
    char const* text = std::getenv("POSTRIDER_CRASH_AT");
    if (!text) return std::nullopt;
    std::string_view const whole = text;
    auto const colon = whole.find(':');
    auto const point = from_word<CrashPoint>(whole.substr(0, colon));
    int hit = 0;
    if (!point || colon == std::string_view::npos ||
        std::from_chars(whole.data() + colon + 1, whole.data() + whole.size(), hit).ec !=
            std::errc())
        std::abort();  // a harness that asks for nothing would prove nothing
    return Appointment{*point, hit};
}

}  // namespace

void crash_point(CrashPoint point) {
    static auto const appointment = read_appointment();
    static std::atomic<int> hits{0};
    if (!appointment || appointment->point != point) return;
    if (++hits == appointment->hit) ::raise(SIGKILL);
}

}  // namespace postrider::core

#endif
