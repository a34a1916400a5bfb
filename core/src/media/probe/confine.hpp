// What this process may use and do. It reads files made by strangers, so it gives up every right it
// can spare, and has an answer ready for the moment in which it is stopped.
#pragma once

#include <chrono>
#include <cstdint>
#include <string_view>

namespace postrider::probe {

/// Once, before the first file: memory, open files, no core dump, no writing, no new privileges,
/// end with the parent, and where the kernel allows it no network, no other programs and no changes
/// to the file system.
void confine(std::uint64_t memory_mib);

/// While it lives: when `time` is over (by the wall, or by the processor), `last_words` go to
/// standard output and the process ends with status 3. This catches what no callback can: a parser
/// or a disk that does not come back.
class Alarm {
 public:
    Alarm(std::chrono::seconds time, std::string_view last_words);
    ~Alarm();
    Alarm(Alarm const&) = delete;
    Alarm& operator=(Alarm const&) = delete;
};

/// Writes all of it to standard output. False when the reader is gone.
bool write_out(std::string_view text);

}  // namespace postrider::probe
