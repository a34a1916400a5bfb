// What a media file is, as the probe found it. Values only; probing is core's business.
#pragma once

#include <boost/json/object.hpp>

#include <cstdint>
#include <string>

namespace postrider::adapter {

/// Facts about one file or URL. Text is empty and numbers are 0 where the file has no such thing.
struct MediaFacts {
    std::string path;    ///< absolute path of a local file; empty for a URL
    std::string url;     ///< https URL for media that the network fetches itself; else empty
    std::string sha256;  ///< `sha256:` and 64 hex digits; empty for a URL
    std::uint64_t size_bytes = 0;

    // Identity of the file when it was probed, to tell cheaply that it is untouched since.
    std::int64_t mtime_ns = 0;
    std::int64_t ctime_ns = 0;
    std::uint64_t inode = 0;
    std::uint64_t device = 0;

    std::string kind;       ///< `video`, `image`, `audio`, `unknown`
    std::string container;  ///< `mp4`, `mov`, `webm`, `jpeg`, ...
    std::string mime;       ///< `video/mp4`
    std::string video_codec;
    std::string audio_codec;
    int width = 0;   ///< pixels as displayed, rotation applied
    int height = 0;  ///< the same
    int rotation = 0;
    std::int64_t duration_ms = 0;
    double frame_rate = 0;  ///< frames a second, average
    std::int64_t bit_rate = 0;
    bool has_sound = false;

    std::string alt;    ///< description for people who cannot see it, from the author
    std::string title;  ///< title of this piece of media, from the author
};

boost::json::object to_json(MediaFacts const& facts);
MediaFacts media_facts_from_json(boost::json::object const& object);

}  // namespace postrider::adapter
