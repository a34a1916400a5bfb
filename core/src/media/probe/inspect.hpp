// What a file is: the one place that speaks with libavformat.
#pragma once

#include "container.hpp"

#include <chrono>
#include <cstdint>
#include <string>

namespace postrider::probe {

class MediaFile;

/// Text is empty and numbers are 0 where the file has no such thing.
struct Facts {
    std::string kind;  ///< `video`, `image`, `audio`
    Container container;
    std::string video_codec;  ///< libavcodec's name: `h264`, `hevc`, `vp9`; empty for pictures
    std::string audio_codec;
    int width = 0;  ///< as displayed, rotation applied
    int height = 0;
    int rotation =
        0;  ///< degrees clockwise that a player turns the stored picture: 0, 90, 180, 270
    std::int64_t duration_ms = 0;
    int frame_rate_num = 0;  ///< average frames a second
    int frame_rate_den = 1;
    std::int64_t bit_rate = 0;
    bool has_sound = false;
};

/// Throws Trouble: `media.not_media`, `media.damaged`, `media.limit` (past the deadline, or out of
/// memory), and what reading the file throws. Opens nothing but the file it was given.
Facts inspect(MediaFile const& file, std::chrono::steady_clock::time_point deadline);

}  // namespace postrider::probe
