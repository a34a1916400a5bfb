// postrider-probe: says what media files are. Asked by lines of JSON on standard input, so that one
// start serves many files, or by people with file names as arguments.
#include "answer.hpp"
#include "confine.hpp"

extern "C" {
#include <libavutil/log.h>
}

#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstdint>
#include <exception>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace {

namespace probe = postrider::probe;

constexpr std::string_view help =
    "postrider-probe: says what media files are, one line of JSON for each.\n"
    "\n"
    "  postrider-probe [options] FILE...\n"
    "  postrider-probe [options]            reads {\"path\": \"...\", \"hash\": true} lines on "
    "standard input\n"
    "\n"
    "  --seconds N       time for examining one file (20); hashing has its own, by size\n"
    "  --memory-mib N    memory for the whole process (1024)\n"
    "  --no-hash         do not hash the files named as arguments\n"
    "\n"
    "Exit status: 0 all answered (an answer may be a refusal), 2 wrong use, 3 stopped at a "
    "limit.\n";

struct Settings {
    probe::TimeLimits time;
    std::uint64_t memory_mib = 1024;
    bool hash = true;
    bool help = false;
    std::vector<std::string> files;
};

std::optional<std::uint64_t> number(std::string_view text) {
    std::uint64_t value = 0;
    auto const [end, fault] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (fault != std::errc() || end != text.data() + text.size() || value > 1'000'000)
        return std::nullopt;
    return value;
}

std::optional<Settings> settings_of(std::vector<std::string> const& arguments) {
    Settings settings;
    bool options_end = false;
    for (std::size_t at = 0; at < arguments.size(); ++at) {
        std::string const& word = arguments[at];
        if (options_end || !word.starts_with("--")) {
            settings.files.push_back(word);
        } else if (word == "--") {
            options_end = true;
        } else if (word == "--no-hash") {
            settings.hash = false;
        } else if (word == "--help") {
            settings.help = true;
        } else {
            auto const value = at + 1 < arguments.size() ? number(arguments[++at]) : std::nullopt;
            if (!value) return std::nullopt;
            if (word == "--seconds")
                settings.time.parsing = std::chrono::seconds(*value);
            else if (word == "--memory-mib")
                settings.memory_mib = *value;
            else
                return std::nullopt;
        }
    }
    return settings;
}

/// Lines of standard input, none of them longer than a request can be.
class Lines {
 public:
    /// The next line without its end, or nothing at the end of input. A line that is too long comes
    /// out empty.
    std::optional<std::string> next() {
        bool too_long = false;
        for (;;) {
            auto const end = waiting_.find('\n');
            if (end != std::string::npos) {
                std::string line = too_long ? std::string() : waiting_.substr(0, end);
                waiting_.erase(0, end + 1);
                return line;
            }
            if (waiting_.size() > length_max) {
                too_long = true;
                waiting_.clear();
            }
            char block[4096];
            ssize_t const count = ::read(STDIN_FILENO, block, sizeof block);
            if (count < 0 && errno == EINTR) continue;
            if (count <= 0) return std::nullopt;
            waiting_.append(block, static_cast<std::size_t>(count));
        }
    }

 private:
    static constexpr std::size_t length_max = 64 * 1024;
    std::string waiting_;
};

int run(Settings const& settings) {
    if (!settings.files.empty()) {
        for (std::string const& file : settings.files)
            if (!probe::write_out(probe::answer({file, settings.hash}, settings.time))) return 0;
        return 0;
    }
    Lines lines;
    while (auto const line = lines.next())
        if (!probe::write_out(probe::answer_line(*line, settings.time))) break;
    return 0;
}

}  // namespace

int main(int argc, char** argv) try {
    auto const settings = settings_of({argv + 1, argv + argc});
    if (!settings || settings->help) {
        probe::write_out(help);
        return settings ? 0 : 2;
    }
    // Its log is for people who look into a file; here every answer is one line.
    av_log_set_level(AV_LOG_QUIET);
    probe::confine(settings->memory_mib);
    return run(*settings);
} catch (std::exception const&) {
    return 3;
}
