// A pipe between the signal handler and the watching thread.
#include "operations/interrupt.hpp"

#include <atomic>
#include <chrono>
#include <csignal>
#include <mutex>
#include <thread>

#include <fcntl.h>
#include <unistd.h>

namespace postrider::cli {

namespace {

std::atomic<int> received{0};
int pipe_ends[2] = {-1, -1};

// What a short operation needs to finish its transaction.
constexpr int usual_grace_ms = 1'000;

struct Waker {
    std::mutex mutex;
    std::function<void()> wake;
    int grace_ms = usual_grace_ms;
};

Waker& waker() {
    static Waker one;
    return one;
}

void note_signal(int signal) {
    // The second one is meant: whoever presses the keys again wants the default.
    if (received.exchange(signal) != 0) {
        std::signal(signal, SIG_DFL);
        std::raise(signal);
        return;
    }
    char const byte = 's';
    [[maybe_unused]] auto const written = write(pipe_ends[1], &byte, 1);
}

}  // namespace

int interrupt_signal() {
    return received.load();
}

void forget_signal() {
    received = 0;
}

void watch_signals(std::function<void(int)> give_up) {
    if (pipe_ends[0] >= 0 || pipe2(pipe_ends, O_CLOEXEC) != 0) return;
    std::thread([give_up = std::move(give_up)] {
        char byte = 0;
        while (read(pipe_ends[0], &byte, 1) != 1) {
        }
        int grace = 0;
        {
            std::lock_guard const lock(waker().mutex);
            grace = waker().grace_ms;
            if (waker().wake) waker().wake();
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(grace));
        give_up(received.load());
    }).detach();
    struct sigaction action {};
    action.sa_handler = note_signal;
    sigaction(SIGINT, &action, nullptr);
    sigaction(SIGTERM, &action, nullptr);
}

WakeOnSignal::WakeOnSignal(std::function<void()> wake, int grace_ms) {
    std::lock_guard const lock(waker().mutex);
    waker().wake = std::move(wake);
    waker().grace_ms = grace_ms;
}

WakeOnSignal::~WakeOnSignal() {
    std::lock_guard const lock(waker().mutex);
    waker().wake = nullptr;
    waker().grace_ms = usual_grace_ms;
}

}  // namespace postrider::cli
