// What of a file has to change, and the ffmpeg command that changes it. Pure; for media_rules.cpp
// alone.
#pragma once

#include <postrider/adapter/descriptor.hpp>
#include <postrider/adapter/media.hpp>

#include <cstdint>
#include <optional>
#include <string>

namespace postrider::core {

/// Which numbers are wrong. Nothing is wrong with what is false or absent.
struct Faults {
    bool container = false;
    bool video_codec = false;
    bool side = false;
    bool frame_rate = false;
    bool size = false;
    std::optional<std::int64_t> cut_to_ms;  ///< too long: what may stay
    bool wants_photo = false;               ///< a video where a photo is needed
    bool hopeless = false;  ///< no command can mend it (no picture at all, only URLs taken, ...)

    [[nodiscard]] bool any() const {
        return container || video_codec || side || frame_rate || size || cut_to_ms || wants_photo ||
               hopeless;
    }
};

/// The largest size in bytes to aim at when a file is too large.
std::uint64_t size_bytes_aim(adapter::MediaRules const& rules);

/// Empty when there is nothing that a command could mend.
std::string mending_command(adapter::MediaFacts const& facts,
                            adapter::MediaRules const& rules,
                            Faults const& faults);

}  // namespace postrider::core
